"""The Python side of a proof: one warm interpreter that forks kernels, twin makers and endpoints.

The supervisor starts ``python -m alacard_host`` inside the sandbox and speaks JSON lines with it.
The host imports the heavy libraries once and stays single-threaded, so that each child begins
with everything loaded and with nothing of another notebook in its memory.
"""

PROTOCOL = 1
"""Version of the line protocol between the supervisor and the host."""
