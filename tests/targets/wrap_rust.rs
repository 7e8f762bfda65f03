// SPDX-License-Identifier: MIT
// The waits of Rust's standard library, each in a thread for ever; see wrap_waits.c.
use std::io::{Read, Write};
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, RwLock};
use std::{process, thread, time::Duration};

const JOIN: u32 = 11;
const FUTEX: u32 = 12;
const IO_READ: u32 = 13;
const SLEEP: u32 = 22;

extern "C" {
    fn gettid() -> i32;
}

fn start(name: &'static str, state: u32, wait: impl FnOnce() + Send + 'static) {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        tell.send(unsafe { gettid() }).unwrap();
        wait();
    });
    println!("wait {} {} {} * *", name, told.recv().unwrap(), state);
}

fn main() {
    let mutex = Arc::new(Mutex::new(0));
    let held = mutex.lock().unwrap();
    let other = mutex.clone();
    start("Mutex", FUTEX, move || drop(other.lock()));
    let rwlock = Arc::new(RwLock::new(0));
    let written = rwlock.write().unwrap();
    let other = rwlock.clone();
    start("RwLock", FUTEX, move || drop(other.read()));
    start("Condvar", FUTEX, || {
        let own = Mutex::new(0);
        drop(Condvar::new().wait(own.lock().unwrap()));
    });
    let (keep, channel) = mpsc::channel::<i32>();
    start("mpsc", FUTEX, move || {
        let _ = channel.recv();
    });
    start("park", FUTEX, || loop {
        thread::park()
    });
    start("Barrier", FUTEX, || drop(Barrier::new(2).wait()));
    start("sleep", SLEEP, || thread::sleep(Duration::from_secs(1000)));
    start("join", JOIN, || {
        let child = thread::spawn(|| thread::sleep(Duration::from_secs(1000)));
        drop(child.join());
    });
    println!("wait stdin {} {} * 0", process::id(), IO_READ);
    println!("ready");
    std::io::stdout().flush().unwrap();
    let mut end = [0u8; 1];
    let _ = std::io::stdin().read(&mut end);
    drop((held, written, keep));
    process::exit(0);
}
