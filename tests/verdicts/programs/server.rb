# SPDX-License-Identifier: MIT
# server.rb PORT: threads that read from one queue, one with a queue of its own, a thread per
# connection.
require 'socket'

jobs = Queue.new
log = Queue.new
4.times { Thread.new { loop { jobs.pop.push(1) } } }
Thread.new { loop { log.pop } }
server = TCPServer.new('127.0.0.1', Integer(ARGV[0]))
loop do
  Thread.new(server.accept) do |client|
    while client.gets
      until (line = client.gets).nil? || line.strip.empty?; end
      done = Queue.new
      jobs.push(done)
      done.pop
      log.push('line')
      client.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine\n")
    end
  end
end
