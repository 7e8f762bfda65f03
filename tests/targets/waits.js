// SPDX-License-Identifier: MIT

// JavaScript that waits for nobody, under functions with names. Prints "ready".
"use strict";

function waitForNobody(words) {
  return Atomics.wait(words, 0, 0);
}

function serveRequest() {
  return waitForNobody(new Int32Array(new SharedArrayBuffer(4)));
}

console.log("ready");
serveRequest();
