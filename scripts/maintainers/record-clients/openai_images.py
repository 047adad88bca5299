"""What the published client of OpenAI (PyPI `openai`) sends and reads, against a running gateway.

Environment: GATEWAY (base URL), GATEWAY_KEY, RECORDED (the file to write). Standard input: a PNG.
Every call's result is checked; what went over the wire stands in RECORDED.
"""

import base64
import io
import json
import os
import sys
from importlib.metadata import version

import httpx2 as httpx
from openai import APIStatusError, OpenAI

gateway, key, recorded = (os.environ[name] for name in ("GATEWAY", "GATEWAY_KEY", "RECORDED"))
png = sys.stdin.buffer.read()
prompt = "a lighthouse at dusk"
wire: list[httpx.Request] = []
requests: list[dict] = []


def keep(request: httpx.Request) -> None:
    request.read()
    wire.append(request)


client = OpenAI(
    base_url=f"{gateway}/v1",
    api_key=key,
    max_retries=0,
    http_client=httpx.Client(event_hooks={"request": [keep]}, timeout=60),
)


def picture() -> io.BytesIO:
    file = io.BytesIO(png)
    file.name = "a.png"
    return file


def record(case: str, **expected) -> None:
    """Keeps the call just made."""
    request = wire.pop()
    assert not wire, "one call, one request"
    content_type = request.headers.get("content-type", "")
    entry = {"case": case, "path": request.url.raw_path.decode()}
    if content_type == "application/json":
        entry["json"] = json.loads(request.content)
    elif request.content:
        entry["raw"] = {"contentType": content_type, "base64": base64.b64encode(request.content).decode()}
    requests.append(entry | expected)


def refused(call, status: int, param: str, code: str) -> dict:
    try:
        call()
    except APIStatusError as error:
        assert (error.status_code, error.param, error.code) == (status, param, code), error
        return {
            "status": status,
            "reads": ["error.message"],
            "equals": {"error.param": param, "error.code": code},
        }
    raise AssertionError("was not refused")


answer = client.images.generate(prompt=prompt, model="gpt-image-1", n=2, size="1536x1024", quality="high")
assert len(answer.data) == 2 and base64.b64decode(answer.data[1].b64_json)
assert answer.size == "1536x1024" and answer.quality == "high" and answer.usage.total_tokens > 0
record("two pictures of gpt-image-1", reads=["data.1.b64_json", "usage.total_tokens", "created"])

answer = client.images.generate(prompt=prompt, model="dall-e-2", size="256x256", response_format="url")
assert httpx.get(answer.data[0].url).status_code == 200
record("dall-e-2 by address", reads=["data.0.url"])

events = list(client.images.generate(prompt=prompt, model="gpt-image-1", stream=True, partial_images=2))
assert events[-1].type == "image_generation.completed" and events[-1].usage.output_tokens > 0
record(
    "a stream of a generation",
    reads=[],
    events={"last": "image_generation.completed", "reads": ["type", "b64_json", "created_at", "size"]},
)

answer = client.images.edit(image=picture(), prompt=prompt, model="gpt-image-1", input_fidelity="high")
assert base64.b64decode(answer.data[0].b64_json)
record("an edit", reads=["data.0.b64_json"])

answer = client.images.edit(image=[picture()], prompt=prompt, output_format="webp", output_compression=70)
record("an edit of a list of one", reads=["data.0.b64_json"])

events = list(client.images.edit(image=picture(), prompt=prompt, stream=True))
assert [event.type for event in events] == ["image_edit.completed"]
record("a stream of an edit", reads=[], events={"last": "image_edit.completed", "reads": ["b64_json"]})

answer = client.images.create_variation(image=picture(), n=2, size="512x512", response_format="b64_json")
assert len(answer.data) == 2
record("variations", reads=["data.1.b64_json"])

record(
    "several pictures",
    **refused(
        lambda: client.images.edit(image=[picture(), picture()], prompt=prompt), 400, "image", "invalid_value"
    ),
)
record(
    "a mask",
    **refused(
        lambda: client.images.edit(image=picture(), mask=picture(), prompt=prompt),
        400,
        "mask",
        "invalid_value",
    ),
)
record(
    "a model that is none",
    **refused(lambda: client.images.generate(prompt=prompt, model="gpt-5"), 400, "model", "invalid_value"),
)

assert "sdxl-torch" in [model.id for model in client.models.list()]
record("the list of models", reads=["data.0.id", "data.0.owned_by"])
assert client.models.retrieve("gpt-image-1").object == "model"
record("one model", reads=["id", "created"])
record(
    "a model that is not there",
    **refused(lambda: client.models.retrieve("gpt-5"), 404, "model", "model_not_found"),
)

with open(recorded, "w") as file:
    about = {
        "client": f"openai {version('openai')} (PyPI)",
        "repository": "openai/openai-python",
        "file": "src/openai/resources/images.py",
        "commit": "e43b422412a9e96c9cc5192c61fffbe2d7e04836",
    }
    json.dump(about | {"requests": requests}, file, indent=2)
    file.write("\n")
print(f"{len(requests)} requests in {recorded}")
