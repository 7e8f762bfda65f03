// SPDX-License-Identifier: MIT
// hung KIND [SECONDS] in Rust; see hung.c.
use std::sync::{mpsc, Arc, Condvar, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

fn start<F: FnOnce() + Send + 'static>(name: &str, work: F) {
    thread::Builder::new().name(name.into()).spawn(work).unwrap();
}
fn rest() {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}
fn pause() {
    thread::sleep(Duration::from_millis(20));
}

fn mutex() {
    let lock = Arc::new(Mutex::new(0));
    let held = lock.clone();
    start("holder", move || {
        let _guard = held.lock();
        rest();
    });
    thread::sleep(Duration::from_millis(200));
    start("hung", move || drop(lock.lock()));
}
fn rwlock() {
    let lock = Arc::new(RwLock::new(0));
    let held = lock.clone();
    start("holder", move || {
        let _guard = held.read();
        rest();
    });
    thread::sleep(Duration::from_millis(200));
    start("hung", move || drop(lock.write()));
}
fn abba() {
    let a = Arc::new(Mutex::new(0));
    let b = Arc::new(Mutex::new(0));
    for (name, first, second) in [("hung-ab", a.clone(), b.clone()), ("hung-ba", b, a)] {
        start(name, move || {
            let _one = first.lock();
            thread::sleep(Duration::from_millis(300));
            let _two = second.lock();
        });
    }
}

struct Backend {
    ready: Mutex<u32>,
    changed: Condvar,
}
#[inline(never)]
fn ask(backend: &Backend) -> u32 {
    let mut ready = backend.ready.lock().unwrap();
    while *ready == 0 {
        ready = backend.changed.wait(ready).unwrap();
    }
    *ready -= 1;
    *ready
}
#[inline(never)]
fn load(backend: &Backend, job: u32) -> u32 {
    std::hint::black_box(ask(backend)) + job
}
#[inline(never)]
fn handle(backend: &Backend, job: u32) -> u32 {
    std::hint::black_box(load(backend, job)) + load(backend, job + 1)
}
fn condvar(history: Duration) {
    let backend = Arc::new(Backend { ready: Mutex::new(0), changed: Condvar::new() });
    let mine = backend.clone();
    start("hung", move || {
        for job in 0.. {
            std::hint::black_box(handle(&mine, job));
        }
    });
    start("helper", move || {
        let began = Instant::now();
        while began.elapsed() < history {
            pause();
            *backend.ready.lock().unwrap() += 1;
            backend.changed.notify_one();
        }
        rest();
    });
}

#[inline(never)]
fn receive(replies: &mpsc::Receiver<u32>) -> u32 {
    replies.recv().unwrap()
}
#[inline(never)]
fn fetch(replies: &mpsc::Receiver<u32>, job: u32) -> u32 {
    std::hint::black_box(receive(replies)) + job
}
#[inline(never)]
fn page(replies: &mpsc::Receiver<u32>, job: u32) -> u32 {
    std::hint::black_box(fetch(replies, job)) + fetch(replies, job + 1)
}
fn reply(history: Duration) {
    let (sender, replies) = mpsc::channel();
    start("hung", move || {
        for job in 0.. {
            std::hint::black_box(page(&replies, job));
        }
    });
    start("helper", move || {
        let began = Instant::now();
        while began.elapsed() < history {
            pause();
            sender.send(1).unwrap();
        }
        rest();
    });
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let seconds = words.get(2).map_or(5.0, |s| s.parse().unwrap());
    let history = Duration::from_secs_f64(seconds);
    println!("ready");
    match words[1].as_str() {
        "mutex" => mutex(),
        "rwlock" => rwlock(),
        "abba" => abba(),
        "condvar" => condvar(history),
        "reply" => reply(history),
        _ => std::process::exit(2),
    }
    rest();
}
