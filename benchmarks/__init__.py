"""What the house can carry, measured from a clone: `make bench`, or `python -m benchmarks [measure …]`.

Real servers (PostgreSQL with fsync on, Redis, our own web process and worker) on spare ports, forgotten at the end.
Where the system lets us, they share one core and the client has another: figures read «per core, database included».
"""
