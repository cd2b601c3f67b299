"""The endpoint, asked by the clients that lessons use: openai and huggingface_hub."""

from __future__ import annotations

import base64
import io
import json
import threading
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from host_support import HostProcess, make_encoder, make_language_model

openai = pytest.importorskip("openai")
pytest.importorskip("transformers")
hub = pytest.importorskip("huggingface_hub")

MESSAGES = [{"role": "user", "content": "What is bread?"}]


def make_speech_model(folder: Path) -> Path:
    """A tiny recogniser of speech."""
    import transformers

    letters = {token: n for n, token in enumerate(["<pad>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"])}
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(letters))
    tokenizer = transformers.Wav2Vec2CTCTokenizer(
        str(folder / "vocab.json"), pad_token="<pad>", unk_token="<unk>", bos_token=None, eos_token=None
    )
    extractor = transformers.Wav2Vec2FeatureExtractor()
    transformers.Wav2Vec2Processor(extractor, tokenizer).save_pretrained(folder)
    config = transformers.Wav2Vec2Config(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(16, 16),
        conv_kernel=(10, 3),
        conv_stride=(5, 4),
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        pad_token_id=0,
    )
    transformers.Wav2Vec2ForCTC(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from alacard_host.endpoint.models import Registry
    from alacard_host.endpoint.server import Log, Server

    folder = tmp_path_factory.mktemp("m")
    classes = "BertForSequenceClassification"
    models = [
        ("org/chat", make_language_model(folder / "chat"), "text-generation"),
        ("org/vectors", make_encoder(folder / "vectors"), "feature-extraction"),
        ("org/labels", make_encoder(folder / "labels", classes), "text-classification"),
        ("org/speech", make_speech_model(folder / "speech"), "automatic-speech-recognition"),
        ("org/answers", make_encoder(folder / "answers", "BertForQuestionAnswering"), "question-answering"),
    ]
    entries = [{"repo": repo, "dir": str(place), "task": task} for repo, place, task in models]
    running = Server(Registry(entries), Log(str(folder / "log.jsonl")))
    running.log_path = folder / "log.jsonl"  # type: ignore[attr-defined]
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()


@pytest.fixture
def client(server: Any) -> Any:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="any", max_retries=0)


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests run with the Hub switched off; here a server of our own plays its part."""
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)


def inference(server: Any, repo: str) -> Any:
    address = f"http://127.0.0.1:{server.server_port}/hf-inference/models/{repo}"
    return hub.InferenceClient(model=address, token="any", timeout=60)


def sound() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000))
    return buffer.getvalue()


def test_models_are_listed(client: Any) -> None:
    assert "org/chat" in [entry.id for entry in client.models.list()]
    assert client.models.retrieve("org/chat").owned_by == "org"


def test_a_chat_answers_with_text_and_counts(client: Any) -> None:
    reply = client.chat.completions.create(model="org/chat", messages=MESSAGES, max_tokens=6, temperature=0)
    assert reply.choices[0].message.role == "assistant" and reply.choices[0].message.content.strip()
    assert reply.choices[0].finish_reason in ("stop", "length")
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.completion_tokens <= 6
    several = client.chat.completions.create(model="org/chat", messages=MESSAGES, n=3, max_tokens=4, seed=1)
    assert [choice.index for choice in several.choices] == [0, 1, 2]


def test_a_chat_can_be_streamed(client: Any) -> None:
    events = list(
        client.chat.completions.create(
            model="org/chat",
            messages=MESSAGES,
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(event.choices[0].delta.content or "" for event in events if event.choices)
    assert text.strip() and events[-1].usage.completion_tokens > 0
    assert [e.choices[0].finish_reason for e in events if e.choices][-1] in ("stop", "length")


def test_tools_and_parts_are_accepted(client: Any) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    parts = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
    reply = client.chat.completions.create(model="org/chat", messages=parts, tools=[tool], max_tokens=4)
    assert reply.choices[0].message.content


def test_a_completion_stops_where_it_is_told(client: Any) -> None:
    whole = client.completions.create(model="org/chat", prompt="Once", max_tokens=12, temperature=0)
    text = whole.choices[0].text
    assert text
    short = client.completions.create(
        model="org/chat",
        prompt="Once",
        max_tokens=12,
        temperature=0,
        stop=[text[1:]] if len(text) > 1 else ["zz"],
    )
    assert short.choices[0].text == (text[:1] if len(text) > 1 else text)
    five = client.completions.create(model="org/chat", prompt=["a", "b"], max_tokens=2, n=2)
    assert len(five.choices) == 4
    pieces = client.completions.create(model="org/chat", prompt="Once", max_tokens=5, stream=True)
    assert "".join(piece.choices[0].text for piece in pieces)


def test_embeddings_are_the_same_in_both_formats(client: Any) -> None:
    texts = ["one", "two words"]
    packed = client.embeddings.create(model="org/vectors", input=texts)
    plain = client.embeddings.create(model="org/vectors", input=texts, encoding_format="float")
    assert len(plain.data) == 2 and len(plain.data[0].embedding) == 32
    assert packed.data[1].embedding == pytest.approx(plain.data[1].embedding, rel=1e-5)
    cut = client.embeddings.create(model="org/vectors", input="one", dimensions=8)
    assert len(cut.data[0].embedding) == 8


def test_speech_becomes_text_in_three_formats(client: Any) -> None:
    create = client.audio.transcriptions.create
    assert create(model="org/speech", file=("clip.wav", sound())).text
    assert create(model="org/speech", file=("clip.wav", sound()), response_format="text").strip()
    long = create(model="org/speech", file=("clip.wav", sound()), response_format="verbose_json")
    assert long.segments and long.duration == pytest.approx(0.5, abs=0.01)


def test_refusals_have_the_providers_types(server: Any, client: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="org/none", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model="org/chat", messages=MESSAGES, temperature=9)
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.chat.completions.create(model="org/chat", messages=[])
    with pytest.raises(openai.BadRequestError, match="no tools"):
        client.chat.completions.create(
            model="org/chat", messages=[{"role": "tool", "content": "x", "tool_call_id": "1"}]
        )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/v1/models")
    server.key = "right"
    with pytest.raises(openai.AuthenticationError, match="Incorrect"):
        client.models.list()
    server.key = None


def test_the_hubs_client_is_served_at_a_models_address(server: Any) -> None:
    chat = inference(server, "org/chat")
    assert chat.text_generation("Once upon", max_new_tokens=4)
    assert chat.chat_completion(MESSAGES, max_tokens=4).choices[0].message.content
    assert inference(server, "org/vectors").feature_extraction("one").shape == (32,)
    assert len(inference(server, "org/vectors").sentence_similarity("a", other_sentences=["b", "c"])) == 2
    labels = inference(server, "org/labels").text_classification("good")
    assert {label.label for label in labels} <= {"LABEL_0", "LABEL_1"} and labels
    assert inference(server, "org/speech").automatic_speech_recognition(sound()).text
    found = inference(server, "org/answers").question_answering(question="who", context="the cat sat down")
    assert found.answer in "the cat sat down"


def test_each_request_is_a_line_of_the_log(server: Any, client: Any) -> None:
    client.chat.completions.create(model="org/chat", messages=MESSAGES, max_tokens=2)
    line = json.loads(server.log_path.read_text().splitlines()[-1])
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/chat/completions", 200)
    assert line["model"] == "org/chat" and line["task"] == "chat" and line["milliseconds"] > 0


def test_the_host_forks_an_endpoint(tmp_path: Path) -> None:
    host = HostProcess(tmp_path, ["torch", "transformers"])
    make_language_model(tmp_path / "llm")
    spec = {
        "port": 0,
        "log": str(tmp_path / "requests.jsonl"),
        "models": [{"repo": "org/a", "dir": str(tmp_path / "llm"), "task": "text-generation"}],
    }
    host.send(op="fork", kind="endpoint", id="e", folder=str(tmp_path / "e"), spec=spec, env={}, limits={})
    host.wait("forked", id="e")
    ready = tmp_path / "e" / "ready.json"
    for _ in range(400):
        if ready.exists():
            break
        threading.Event().wait(0.05)
    port = json.loads(ready.read_text())["port"]
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="x", max_retries=0)
    reply = client.chat.completions.create(model="org/a", messages=MESSAGES, max_tokens=3)
    assert reply.choices[0].message.content
    host.send(op="signal", id="e", signal=15)
    assert host.wait("exited", id="e")["signal"] == 15
    host.close()


def test_pictures_are_painted(tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    from alacard_host.endpoint.models import Registry
    from alacard_host.endpoint.server import Log, Server

    registry = Registry([{"repo": "org/paint", "dir": str(make_painter(tmp_path)), "task": "text-to-image"}])
    server = Server(registry, Log(None))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="x", max_retries=0)
    made = client.images.generate(
        model="org/paint", prompt="a cat", size="128x96", n=1, response_format="b64_json"
    )
    from PIL import Image

    assert Image.open(io.BytesIO(base64.b64decode(made.data[0].b64_json))).size == (128, 96)
    assert inference(server, "org/paint").text_to_image("a cat", width=64, height=64).size == (64, 64)
    server.shutdown()


def make_painter(folder: Path) -> Path:
    """A tiny latent diffusion pipeline."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel

    make_tokenizer_clip(folder / "clip")
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(folder / "clip")
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=77,
            bos_token_id=0,
            eos_token_id=1,
        )
    )
    unet = diffusers.UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8,), norm_num_groups=4, latent_channels=4, sample_size=8, layers_per_block=1
    )
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=diffusers.DDIMScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder / "painter")
    return folder / "painter"


def make_tokenizer_clip(folder: Path) -> None:
    """A small vocabulary in the form that CLIP's tokenizer reads."""
    folder.mkdir(parents=True)
    letters = [chr(n) for n in range(97, 123)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
