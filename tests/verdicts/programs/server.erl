%% SPDX-License-Identifier: MIT
%% A server of lines: a process per connection, on all schedulers.
-module(server).
-export([start/1]).

start([Port]) ->
	{ok, Listen} = gen_tcp:listen(list_to_integer(atom_to_list(Port)),
		[binary, {packet, line}, {active, false}, {reuseaddr, true}, {ip, {127, 0, 0, 1}}]),
	accept(Listen).

accept(Listen) ->
	{ok, Socket} = gen_tcp:accept(Listen),
	Pid = spawn(fun() -> receive go -> answer(Socket) end end),
	gen_tcp:controlling_process(Socket, Pid),
	Pid ! go,
	accept(Listen).

answer(Socket) ->
	case gen_tcp:recv(Socket, 0) of
		{ok, Line} ->
			{ok, _} = file:list_dir("/"),
			ok = gen_tcp:send(Socket, Line),
			answer(Socket);
		_ ->
			gen_tcp:close(Socket)
	end.
