// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A host that the client knows by its name, as a resolver would.
type host struct{ name, address string }

// Three hosts in a process of their own. The last one takes longer to answer.
func serve() {
	var addresses []string

	for i := 2; i <= 4; i++ {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", i))
		check(err)
		addresses = append(addresses, listener.Addr().String())
		takes := 10 * time.Millisecond
		if i == 4 {
			takes = 250 * time.Millisecond
		}
		go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(takes)
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, "{%q: %q}\n", r.Host, strings.Repeat("x", 9000))
		}))
	}
	fmt.Println("ready", strings.Join(addresses, " "))
	select {}
}

// A connection whose body nobody has read.
type forgotten struct {
	Local, Remote, Host, Path, Job string
}

type jobs struct {
	hosts     []host
	client    *http.Client
	lock      sync.Mutex
	dialed    map[string]forgotten // the last connection to each host
	paused    bool
	forgotten []forgotten
	runs      map[string]int
}

func (j *jobs) resolve(ctx context.Context, network, address string) (net.Conn, error) {
	for _, h := range j.hosts {
		if !strings.HasPrefix(address, h.name+":") {
			continue
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, h.address)
		check(err)
		j.lock.Lock()
		j.dialed[h.name] = forgotten{Local: conn.LocalAddr().String(), Remote: conn.RemoteAddr().String()}
		j.lock.Unlock()
		return conn, nil
	}
	panic("there is no host " + address)
}

// Every runs a job again and again; the jobs differ in their period.
func (j *jobs) every(period time.Duration, run func(turn int)) {
	for turn := 0; ; turn++ {
		time.Sleep(period)
		j.lock.Lock()
		paused := j.paused
		j.lock.Unlock()
		if !paused {
			run(turn)
		}
	}
}

func (j *jobs) get(job, url string) *http.Response {
	response, err := j.client.Get(url)
	check(err)
	j.lock.Lock()
	j.runs[job]++
	j.lock.Unlock()
	return response
}

// As it should be.
func (j *jobs) fetch(job, url string) {
	response := j.get(job, url)
	defer response.Body.Close()
	io.Copy(new(strings.Builder), response.Body)
}

type newsReader struct{ *jobs }

func (n *newsReader) readFeed(turn int) {
	n.fetch("main.(*newsReader).readFeed", fmt.Sprintf("http://news.example/feed/%d.xml", turn))
}

type priceList struct{ *jobs }

func (p *priceList) refresh(turn int) {
	p.fetch("main.(*priceList).refresh", fmt.Sprintf("http://prices.example/v1/quotes?page=%d", turn))
}

// The suspect: it is content with the status, and forgets the body.
type imageChecker struct{ *jobs }

func (c *imageChecker) checkImage(turn int) {
	url := fmt.Sprintf("http://registry.example/v2/library/redis/manifests/7.%d", turn)
	response := c.get("main.(*imageChecker).checkImage", url)
	if response.StatusCode == http.StatusOK {
		c.note(response.Request)
	}
}

// A connection that is not free is not used again, so it was dialed for this request.
func (c *imageChecker) note(request *http.Request) {
	c.lock.Lock()
	defer c.lock.Unlock()
	f := c.dialed[request.URL.Host]
	f.Host, f.Path, f.Job = request.URL.Host, request.URL.Path, "main.(*imageChecker).checkImage"
	c.forgotten = append(c.forgotten, f)
}

// The arguments are the addresses of the three hosts.
func (j *jobs) begin(arguments []string) {
	for i, name := range []string{"news.example", "prices.example", "registry.example"} {
		j.hosts = append(j.hosts, host{name, arguments[i]})
	}
	j.runs, j.dialed = make(map[string]int), make(map[string]forgotten)
	j.client = &http.Client{Transport: &http.Transport{DialContext: j.resolve}}
	go j.every(47*time.Millisecond, (&newsReader{j}).readFeed)
	go j.every(53*time.Millisecond, (&priceList{j}).refresh)
	go j.every(670*time.Millisecond, (&imageChecker{j}).checkImage)
}

func (j *jobs) pause() {
	j.lock.Lock()
	j.paused = true
	j.lock.Unlock()
	time.Sleep(500 * time.Millisecond) // a run that has begun ends
}

func (j *jobs) tell(f facts) {
	j.lock.Lock()
	defer j.lock.Unlock()
	f["forgotten"] = append([]forgotten{}, j.forgotten...)
	f["runs"] = j.runs
}
