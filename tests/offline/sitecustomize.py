"""A Python that finds this on its path, and every Python that it starts, speaks to this machine only."""

import sys


def refuse(event, arguments):
    """Raise where a connection or a name leads away from this machine."""
    if event in {"socket.connect", "socket.sendto"}:
        place = arguments[1][0] if isinstance(arguments[1], tuple) else "localhost"
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        place = arguments[0]
    else:
        return
    place = place.decode() if isinstance(place, bytes) else place or "localhost"
    if place not in {"localhost", "0.0.0.0", "::", "::1"} and not place.startswith("127."):
        raise OSError(f"there is no network, and {place} was asked for")


sys.addaudithook(refuse)
