ok 1 - CPython's test_threading: 194 tests, 12 s and 14 s
ok 2 - CPython's test_signal: 55 tests, 53 s and 55 s
ok 3 - CPython's test_subprocess: 330 tests, 31 s and 37 s
ok 4 - CPython's test_asyncio: 2352 tests, 104 s and 85 s
