// SPDX-License-Identifier: MIT
// Waits of Rust's library and of well-known crates, each in a function of its own and in a
// thread named after its state.
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock};
use std::{mem::forget, thread, time::Duration};

static ONCE: Once = Once::new();
static PARKING_ONCE: parking_lot::Once = parking_lot::Once::new();

fn long() {
    thread::sleep(Duration::from_secs(3000))
}
fn start<F: FnOnce() + Send + 'static>(name: &str, f: F) {
    thread::Builder::new().name(name.into()).spawn(f).unwrap();
}

#[inline(never)]
fn wait_mutex(m: &Mutex<i32>) {
    forget(m.lock());
}
#[inline(never)]
fn wait_rwlock(l: &RwLock<i32>) {
    forget(l.write());
}
#[inline(never)]
fn wait_condvar() {
    let m = Mutex::new(0);
    forget(Condvar::new().wait(m.lock().unwrap()).map(|_| ()));
}
#[inline(never)]
fn wait_barrier() {
    Barrier::new(2).wait();
}
#[inline(never)]
fn wait_once() {
    ONCE.call_once(long);
}
#[inline(never)]
fn wait_scope() {
    thread::scope(|s| {
        s.spawn(long);
    });
}
#[inline(never)]
fn wait_parking_mutex(m: &parking_lot::Mutex<i32>) {
    forget(m.lock());
}
#[inline(never)]
fn wait_parking_read(l: &parking_lot::RwLock<i32>) {
    forget(l.read());
}
#[inline(never)]
fn wait_parking_write(l: &parking_lot::RwLock<i32>) {
    forget(l.write());
}
#[inline(never)]
fn wait_parking_condvar() {
    let m = parking_lot::Mutex::new(0);
    parking_lot::Condvar::new().wait(&mut m.lock());
}
#[inline(never)]
fn wait_parking_once() {
    PARKING_ONCE.call_once(long);
}
#[inline(never)]
fn wait_std_recv(r: std::sync::mpsc::Receiver<i32>) {
    forget(r.recv());
}
#[inline(never)]
fn wait_std_send(s: std::sync::mpsc::SyncSender<i32>) {
    forget(s.send(1));
}
#[inline(never)]
fn wait_crossbeam_recv(r: crossbeam::channel::Receiver<i32>) {
    forget(r.recv());
}
#[inline(never)]
fn wait_crossbeam_select(r: crossbeam::channel::Receiver<i32>) {
    let never = crossbeam::channel::never::<i32>();
    crossbeam::select! { recv(r) -> _ => {}, recv(never) -> _ => {} }
}
#[inline(never)]
fn wait_crossbeam_group(g: crossbeam::sync::WaitGroup) {
    g.wait();
    println!("never");
}
#[inline(never)]
fn wait_flume_send(s: flume::Sender<i32>) {
    forget(s.send(1));
}
#[inline(never)]
fn wait_tokio_recv(mut r: tokio::sync::mpsc::Receiver<i32>) {
    forget(r.blocking_recv());
}
#[inline(never)]
fn wait_futures() {
    let (sender, receiver) = futures::channel::oneshot::channel::<i32>();
    forget(futures::executor::block_on(receiver));
    drop(sender);
}
#[inline(never)]
fn wait_rayon() {
    rayon::scope(|s| s.spawn(|_| long()))
}

fn main() {
    let m = Arc::new(Mutex::new(0));
    let l = Arc::new(RwLock::new(0));
    let pm = Arc::new(parking_lot::Mutex::new(0));
    let pr = Arc::new(parking_lot::RwLock::new(0));
    let pw = Arc::new(parking_lot::RwLock::new(0));
    let group = crossbeam::sync::WaitGroup::new();
    let (tx, rx) = std::sync::mpsc::channel();
    let (stx, srx) = std::sync::mpsc::sync_channel(0);
    let (ctx, crx) = crossbeam::channel::unbounded();
    let (ctx2, crx2) = crossbeam::channel::unbounded();
    let (ftx, frx) = flume::bounded(0);
    let (ttx, trx) = tokio::sync::mpsc::channel(1);

    forget((m.lock(), l.read(), pm.lock(), pr.write(), pw.read()));
    forget((group.clone(), tx, srx, ctx, ctx2, frx, ttx));
    start("holder", || ONCE.call_once(long));
    start("holder", || PARKING_ONCE.call_once(long));
    thread::sleep(Duration::from_millis(300));
    {
        let m = m.clone();
        start("mutex", move || wait_mutex(&m));
        let l = l.clone();
        start("rwlock-write", move || wait_rwlock(&l));
        let pm = pm.clone();
        start("mutex", move || wait_parking_mutex(&pm));
        let pr = pr.clone();
        start("rwlock-read", move || wait_parking_read(&pr));
        let pw = pw.clone();
        start("rwlock-write", move || wait_parking_write(&pw));
    }
    start("cond", wait_condvar);
    start("barrier", wait_barrier);
    start("mutex", wait_once);
    start("join", wait_scope);
    start("cond", wait_parking_condvar);
    start("mutex", wait_parking_once);
    start("chan-recv", move || wait_std_recv(rx));
    start("chan-send", move || wait_std_send(stx));
    start("chan-recv", move || wait_crossbeam_recv(crx));
    start("select", move || wait_crossbeam_select(crx2));
    start("waitgroup", move || wait_crossbeam_group(group));
    start("chan-send", move || wait_flume_send(ftx));
    start("chan-recv", move || wait_tokio_recv(trx));
    start("cond", wait_futures);
    start("waitgroup", wait_rayon);
    println!("ready");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.accept().await.unwrap();
    });
}
