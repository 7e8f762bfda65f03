// SPDX-License-Identifier: MIT
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{mpsc, Arc, Condvar, Mutex, RwLock};
use std::thread;
use std::time::Duration;

fn main() {
    let (to, from) = mpsc::channel();
    let total = Arc::new(RwLock::new(0));
    let threads: Vec<_> = (0..20)
        .map(|n| {
            let (to, total) = (to.clone(), total.clone());
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(1));
                *total.write().unwrap() += n;
                to.send(n).unwrap();
            })
        })
        .collect();
    drop(to);
    let sum: i32 = from.iter().sum();
    threads.into_iter().for_each(|t| t.join().unwrap());
    println!("sum {} {}", sum, total.read().unwrap());
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = pair.clone();
    let waiter = thread::spawn(move || {
        let mut set = other.0.lock().unwrap();
        while !*set {
            set = other.1.wait(set).unwrap();
        }
        "woken"
    });
    *pair.0.lock().unwrap() = true;
    pair.1.notify_all();
    println!("{}", waiter.join().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"over a socket\n").unwrap());
    let mut text = String::new();
    TcpStream::connect(address).unwrap().read_to_string(&mut text).unwrap();
    server.join().unwrap();
    print!("{}", text);
    let done = Command::new("sh").args(["-c", "echo child; exit 3"]).output().unwrap();
    print!("{} {}", String::from_utf8_lossy(&done.stdout), done.status);
    std::panic::set_hook(Box::new(|_| println!(" a panic")));
    println!("{:?}", thread::spawn(|| if true { panic!("of a thread") }).join().is_err());
    if let Ok(hold) = std::env::var("HOSTS_HOLD") {
        while std::path::Path::new(&hold).exists() {
            thread::sleep(Duration::from_millis(10));
        }
    }
}
