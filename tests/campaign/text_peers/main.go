// SPDX-License-Identifier: MIT

// What two other readers of goroutine dumps find in texts: those of their own tests, and
// those given as arguments. Each text is written to a file; a line says its name, and for
// each reader its goroutines and frames (-1: it has failed).
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/DataDog/gostackparse"
	"github.com/maruel/panicparse/v2/stack"
)

func byPanicparse(text []byte) (goroutines, frames int) {
	var in io.Reader = bytes.NewReader(text)
	defer func() {
		if recover() != nil {
			goroutines, frames = -1, -1
		}
	}()
	for {
		options := stack.DefaultOpts()
		options.GuessPaths = false
		options.AnalyzeSources = false
		snapshot, suffix, err := stack.ScanSnapshot(in, io.Discard, options)
		if snapshot != nil {
			for _, goroutine := range snapshot.Goroutines {
				goroutines++
				frames += len(goroutine.CreatedBy.Calls)
				for _, call := range goroutine.Stack.Calls {
					// "stack unavailable" is no frame.
					if call.Func.Complete != "<unavailable>" && call.RemoteSrcPath != "<unavailable>" {
						frames++
					}
				}
			}
		}
		if err != nil {
			return
		}
		in = io.MultiReader(bytes.NewReader(suffix), in)
	}
}

func byGostackparse(text []byte) (goroutines, frames int) {
	found, _ := gostackparse.Parse(bytes.NewReader(text))
	for _, goroutine := range found {
		goroutines++
		frames += len(goroutine.Stack)
		if goroutine.CreatedBy != nil {
			frames++
		}
	}
	return
}

func isDump(text string) bool {
	return strings.Contains(text, "goroutine ") || strings.Contains(text, "DATA RACE")
}

// Texts in the source of tests: literals, and lists of lines.
func fromSource(path string, take func(name, text string)) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		return
	}
	ast.Inspect(file, func(node ast.Node) bool {
		var lines []string
		switch value := node.(type) {
		case *ast.CompositeLit:
			for _, element := range value.Elts {
				literal, ok := element.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				line, _ := strconv.Unquote(literal.Value)
				lines = append(lines, line)
			}
		case *ast.BasicLit:
			if value.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(value.Value)
			lines = append(lines, text)
		default:
			return true
		}
		text := strings.Join(lines, "\n")
		if isDump(text) && strings.Contains(text, "\n") {
			line := files.Position(node.Pos()).Line
			take(fmt.Sprintf("%s-%d", filepath.Base(path), line), text)
			return false
		}
		return true
	})
}

func main() {
	folder := os.Args[1]
	take := func(name, text string) {
		path := filepath.Join(folder, strings.ReplaceAll(name, "/", "_"))
		if os.WriteFile(path, []byte(text), 0o600) != nil {
			os.Exit(1)
		}
		pg, pf := byPanicparse([]byte(text))
		gg, gf := byGostackparse([]byte(text))
		fmt.Printf("%s\t%d\t%d\t%d\t%d\n", path, pg, pf, gg, gf)
	}
	for _, root := range os.Args[2:] {
		filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return nil
			}
			switch {
			case strings.HasSuffix(path, ".go"):
				fromSource(path, take)
			case strings.HasSuffix(path, ".txt"):
				text, err := os.ReadFile(path)
				if err == nil && isDump(string(text)) {
					take(filepath.Base(path), string(text))
				}
			}
			return nil
		})
	}
}
