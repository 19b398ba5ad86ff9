-- SPDX-License-Identifier: MIT
-- For wrk: asks for each of the files in turn, compares every body, and prints "REQUESTS FAILED LONGEST-MS".
-- Arguments: the files' folder, then `close` for a new connection with each request.
local bodies, paths, turn = {}, {}, 0
local threads = {}
wrong = 0

function setup(thread)
	table.insert(threads, thread)
end

local function slurp(name)
	local f = assert(io.open(name, "rb"))
	local text = f:read("*a")
	f:close()
	return text
end

function init(args)
	local headers = {}
	if args[2] == "close" then
		headers["Connection"] = "close"
	end
	for _, name in ipairs({ "small", "large" }) do
		bodies[slurp(args[1] .. "/" .. name)] = true
		table.insert(paths, wrk.format("GET", "/" .. name, headers))
	end
	table.insert(paths, wrk.format("GET", "/proxied", headers))
end

function request()
	turn = turn % #paths + 1
	return paths[turn]
end

function response(status, headers, body)
	if status ~= 200 or not bodies[body] then
		wrong = wrong + 1
	end
end

function done(summary, latency, requests)
	local e = summary.errors
	local bad = 0
	for _, thread in ipairs(threads) do
		bad = bad + thread:get("wrong")
	end
	local failed = e.connect + e.read + e.write + e.timeout + bad
	if failed > 0 then
		io.stderr:write(string.format("wrk: connect %d, read %d, write %d, timeout %d, answers %d\n",
			e.connect, e.read, e.write, e.timeout, bad))
	end
	print(string.format("load %d %d %.1f", summary.requests, failed, latency.max / 1000))
end
