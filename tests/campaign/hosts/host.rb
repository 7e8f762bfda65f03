# SPDX-License-Identifier: MIT
require 'socket'
require 'timeout'
$stdout.sync = true
queue = Queue.new
puts 8.times.map { |n| Thread.new { queue << n; sleep 0.001; n * n } }.map(&:value).sum
puts 8.times.map { queue.pop }.sum
lock = Mutex.new
cond = ConditionVariable.new
ready = false
waiter = Thread.new { lock.synchronize { cond.wait(lock) until ready; :woken } }
lock.synchronize { ready = true; cond.signal }
puts waiter.value
server = TCPServer.new('127.0.0.1', 0)
Thread.new { peer = server.accept; peer.puts 'socket'; peer.close }
puts TCPSocket.new('127.0.0.1', server.addr[1]).gets
puts `echo child; exit 3`, $?.exitstatus
pid = fork { Thread.new { sleep 0.01 }.join; exit! 4 }
Process.wait pid
puts $?.exitstatus
begin
  Timeout.timeout(0.1) { sleep }
rescue Timeout::Error => error
  puts error.message
end
r, w = IO.pipe
t = Thread.new { r.read(1) }
sleep 0.05
t.kill
puts t.join.alive?
puts 3.times.map { |n| Process.wait2(spawn("exit #{n}"))[1].exitstatus }.inspect
sleep 0.01 while ENV['HOSTS_HOLD'] && File.exist?(ENV['HOSTS_HOLD'])
