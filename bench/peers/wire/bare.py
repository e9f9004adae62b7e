"""A bare ASGI server: it reads the body and gives a constant."""

SHARES = b'{"setosa":0.97,"versicolor":0.02,"virginica":0.01}'
CONSTANT = b'{"id":"0","model":"0","answers":[{"label":"setosa","probabilities":' + SHARES + b"}]}"
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(CONSTANT)).encode())]


async def application(scope, receive, send):
    """Answer without a look."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": CONSTANT})
