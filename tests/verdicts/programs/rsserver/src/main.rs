// SPDX-License-Identifier: MIT
// rsserver tokio|rayon PORT: a server on tokio that also runs blocking jobs, and one that
// hands the work of each connection to rayon's pool.
use std::io::{Read, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine\n";

#[tokio::main(worker_threads = 3)]
async fn serve(port: u16) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(count) = stream.read(&mut buffer).await {
                if count == 0 {
                    break;
                }
                tokio::task::spawn_blocking(|| (0..1000u64).sum::<u64>()).await.unwrap();
                if stream.write_all(REPLY).await.is_err() {
                    break;
                }
            }
        });
    }
}

fn crunch(port: u16) {
    use rayon::prelude::*;
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while stream.read(&mut buffer).map_or(false, |count| count > 0) {
                let sum: u64 = (0..100_000u64).into_par_iter().map(|n| n ^ 7).sum();
                std::hint::black_box(sum);
                if stream.write_all(REPLY).is_err() {
                    break;
                }
            }
        });
    }
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let port = words[2].parse().unwrap();
    if words[1] == "tokio" {
        serve(port);
    } else {
        crunch(port);
    }
}
