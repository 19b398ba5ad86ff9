# SPDX-License-Identifier: MIT
"""requests.py PORT PATH CLIENTS EACH: as many clients at once, each asking for PATH so often, half of the times by
one connection that stays. Status 1 if an answer is not 200, or not whole."""
import http.client
import sys
import threading

failed = []


def client(port, path, each):
    try:
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for i in range(each):
            c = kept if i % 2 else http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            c.request("GET", path, headers={"Connection": "keep-alive" if i % 2 else "close"})
            answer = c.getresponse()
            if answer.status != 200 or len(answer.read()) != int(answer.getheader("Content-Length")):
                failed.append(answer.status)
        kept.close()
    except OSError as e:
        failed.append(e)


threads = [threading.Thread(target=client, args=(int(sys.argv[1]), sys.argv[2], int(sys.argv[4])))
           for _ in range(int(sys.argv[3]))]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(f"{len(failed)} failed")
sys.exit(1 if failed else 0)
