"""What the client `webuiapi` (PyPI) sends and reads, against a running gateway; what Pillow and exiftool read
of its pictures.

Environment: GATEWAY (base URL), GATEWAY_KEY, RECORDED (the file to write). Standard input: a PNG.
Every call's result is checked; what went over the wire stands in RECORDED. exiftool is used where
it is there.
"""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from urllib.parse import urlparse

import webuiapi
from PIL import Image

gateway, key, recorded = (os.environ[name] for name in ("GATEWAY", "GATEWAY_KEY", "RECORDED"))
picture = Image.open(io.BytesIO(sys.stdin.buffer.read())).convert("RGB")
# The tests' worker paints pictures for such prompts.
prompt = "painted caf\u00e9, \u718a, a lighthouse at dusk"
wire: list = []
requests: list[dict] = []


def keep(response, *_, **__) -> None:
    wire.append(response.request)


api = webuiapi.WebUIApi(baseurl=f"{gateway}/sdapi/v1")
api.session.hooks["response"].append(keep)
api.set_auth("anyone", key)
wire.clear()


def shortened(value):
    """Pictures as the tests write them."""
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shortened(each) for each in value]
    if isinstance(value, str) and len(value) > 100 and value.startswith("data:image/png"):
        return "PNG_DATA_URI"
    return "PNG" if isinstance(value, str) and value.startswith("iVBORw0KGgo") else value


def record(case: str, **expected) -> None:
    """Keeps the call just made."""
    request = wire.pop()
    assert not wire, "one call, one request"
    entry = {"case": case, "path": urlparse(request.url).path}
    if request.method == "POST":
        entry["json"] = shortened(json.loads(request.body)) if request.body else {}
    requests.append(entry | expected)


def read_by_others(image_bytes: bytes, suffix: str, text: str) -> None:
    image = Image.open(io.BytesIO(image_bytes))
    if suffix == "png":
        assert image.text["parameters"] == text
    else:
        comment = image.getexif().get_ifd(0x8769)[0x9286]
        assert comment.startswith(b"UNICODE\0") and comment[8:].decode("utf-16-be") == text
    if shutil.which("exiftool") is None:
        return
    tags = ["-Parameters", "-UserComment", "-DigitalSourceType", "-CreatorTool"]
    command = ["exiftool", "-json", "-charset", "utf8", *tags, "-"]
    read = json.loads(subprocess.run(command, input=image_bytes, capture_output=True, check=True).stdout)[0]
    assert read["Parameters" if suffix == "png" else "UserComment"] == text, read
    assert read["DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert read["CreatorTool"].startswith("sdxl-server ")


result = api.txt2img(
    prompt=prompt, negative_prompt="blurry", seed=1003, steps=20, cfg_scale=7, width=128, height=128
)
assert result.image.size == (128, 128) and result.info["all_seeds"] == [1003]
record("a picture", reads=["images.0", "info", "parameters.prompt"])

result = api.txt2img(
    prompt=prompt,
    seed=5,
    batch_size=2,
    n_iter=2,
    steps=4,
    width=64,
    height=64,
    sampler_name="DPM++ 2M Karras",
)
assert len(result.images) == 4 and result.info["all_seeds"] == [5, 6, 7, 8]
record("two iterations of two with a sampler's old name", reads=["images.3"])

result = api.txt2img(
    prompt=prompt,
    sampler_name="DPM++ 2M",
    scheduler="karras",
    steps=4,
    width=64,
    height=64,
    styles=["anime"],
    subseed=3,
    subseed_strength=0.2,
    seed=1,
)
assert result.info["subseed_strength"] == 0.2
record("a scheduler apart, a style and a varied seed", reads=["images.0"])

for samples_format in ("png", "jpg", "webp"):
    result = api.txt2img(
        prompt=prompt,
        seed=9,
        steps=4,
        width=64,
        height=64,
        override_settings={"samples_format": samples_format},
    )
    read_by_others(base64.b64decode(result.json["images"][0]), samples_format, result.info["infotexts"][0])
    record(f"a picture in {samples_format}", reads=["images.0"])

result = api.img2img(
    images=[picture],
    prompt=prompt,
    seed=5555,
    cfg_scale=6.5,
    denoising_strength=0.6,
    steps=20,
    width=64,
    height=64,
)
assert result.image.size == (64, 64)
record("image to image", reads=["images.0", "info"])

try:
    api.img2img(images=[picture], mask_image=picture, prompt=prompt, steps=20, width=64, height=64)
    raise AssertionError("a mask was taken")
except RuntimeError as error:
    assert error.args[0] == 400, error
record("a mask", status=400, reads=["detail"])

try:
    api.txt2img(prompt=prompt, enable_hr=True, hr_scale=2, steps=20)
    raise AssertionError("a second pass was taken")
except RuntimeError as error:
    assert error.args[0] == 400, error
record("a second pass", status=400, reads=["detail"])

painted = api.txt2img(prompt=prompt, seed=9, steps=4, width=64, height=64).image
wire.clear()
info = api.png_info(painted)
assert info.info == painted.info["parameters"], info.info
record("png-info", reads=["items", "parameters.RNG"])

assert api.util_get_model_names() and wire.pop()
assert "DPM++ 2M" in api.util_get_sampler_names()
record("samplers", reads=["0.name"])
assert "karras" in api.util_get_scheduler_names()
record("schedulers", reads=["0.name", "0.label"])
api.util_set_model("sdxl-base")
wire.clear()
assert api.util_get_current_model() == "sdxl-base"
record("options", reads=["sd_model_checkpoint"])
api.util_wait_for_ready(check_interval=0.1)
wire.clear()
assert api.get_progress()["state"]["job_count"] == 0
record("progress", reads=["state.job_count"], equals={"progress": 0})
for call, reads in (
    ("sd_models", ["0.title", "0.model_name"]),
    ("prompt_styles", ["0.name"]),
    ("embeddings", ["loaded", "skipped"]),
    ("memory", ["ram.total"]),
    ("scripts", ["txt2img", "img2img"]),
    ("cmd_flags", ["api"]),
    ("loras", []),
    ("upscalers", []),
    ("hypernetworks", []),
    ("face_restorers", []),
    ("realesrgan_models", []),
    ("sd_vae", []),
    ("latent_upscale_modes", []),
):
    assert getattr(api, f"get_{call}")() is not None
    record(call.replace("_", " "), reads=reads)
api.interrupt()
record("interrupt", reads=[])
api.skip()
record("skip", reads=[])
api.refresh_checkpoints()
record("refresh checkpoints", reads=[])

with open(recorded, "w") as file:
    about = {
        "client": f"webuiapi {version('webuiapi')} (PyPI)",
        "repository": "mix1009/sdwebuiapi",
        "file": "webuiapi/webuiapi.py",
        "commit": os.environ["CLIENT_COMMIT"],
        "key": "basic",
    }
    json.dump(about | {"requests": requests}, file, indent=2)
    file.write("\n")
print(f"{len(requests)} requests in {recorded}")
