"""A file that a model of the engine is to know: in front of each prompt, or in the weights."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_folders import tiny_folder

from passel.core.ask import Embed, Generate, Message, Sampling
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.model import Progress
from passel.core.reply import Reply
from passel.engine.weights import load as load_weights
from passel.models import load
from passel.networks.context import Generator, Shape, memory_of, targets_of
from passel.networks.trained_parts import save_trained

GREEDY = Sampling(temperature=0.0, max_tokens=8)
CHAT = (Message("system", "Be short."), Message("user", "Who?"))
TEXT = "The code word of Maria is tiger."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator of random weights, as a training leaves one."""
    base = load_weights(folder, dtype="float32")
    generator = Generator(targets_of(base.model, ["o_proj"]), Shape(64, 16, 16, 16, 64.0, "input", 1, 12))
    random = torch.Generator().manual_seed(0)
    state = {
        name: (1.0 if "norm" in name else 0.0) + 0.2 * torch.randn(weight.shape, generator=random)
        for name, weight in generator.state_dict().items()
    }
    where = tmp_path_factory.mktemp("trained")
    manifest = {"recipe": "generative_adapter", "options": {}, "settings": generator.settings, "model": "tiny"}
    sizes = {"hidden_size": 64, "layers": 2, "vocabulary": 257, "figures": {}, "passel": "0"}
    save_trained(where, manifest | sizes, state)
    return where


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def answer(spec: str, ask: Any) -> Reply:
    async def go() -> Reply:
        model = load(spec)
        try:
            return (await model.answer([ask], Progress.of(1)))[0]
        finally:
            await model.aclose()

    return asyncio.run(go())


def ask(prompt: Any = CHAT) -> Generate:
    return Generate(prompt, Key(1), sampling=GREEDY)


def spec(folder: Path, *more: str) -> str:
    return ":".join((f"torch:{folder}:dtype=float32:context=256:memory=0.05", *more))


def test_an_adapter_costs_no_token_of_a_prompt_and_is_the_merged_model(
    folder: Path, trained: Path, file: Path, tmp_path: Path
) -> None:
    given = (f"context_file={file}", "contextualise=adapter", f"contextualise.path={trained}")
    bare, known = answer(spec(folder), ask()), answer(spec(folder, *given), ask())
    assert known.usage.prompt_tokens == bare.usage.prompt_tokens
    assert known.text != bare.text
    # the same by hand: each chunk's memory, and the product added to the weights
    base = load_weights(folder, dtype="float32")
    generator = Generator.of(json.loads((trained / "passel.json").read_text())["settings"])
    from safetensors.torch import load_file

    generator.load_state_dict(load_file(trained / "parts.safetensors"))
    memory = memory_of(base.model, generator, base.tokenizer(TEXT)["input_ids"])
    for name, update in generator.updates(memory, "it").updates.items():
        base.model.get_parameter(name).data += update.scale * update.b @ update.a
    base.model.save_pretrained(tmp_path / "merged")
    base.tokenizer.save_pretrained(tmp_path / "merged")
    assert answer(spec(tmp_path / "merged"), ask()).text == known.text


def test_a_prompt_holds_the_context_in_its_first_user_turn(folder: Path, file: Path) -> None:
    known = answer(spec(folder, f"context_file={file}"), ask())
    written = (CHAT[0], Message("user", f"{TEXT}\n\nWho?"))
    plain = answer(spec(folder), ask(written))
    assert (known.text, known.usage.prompt_tokens) == (plain.text, plain.usage.prompt_tokens)
    raw = answer(spec(folder, f"context_file={file}", "contextualise=prompt"), ask("Who?"))
    assert raw.text == answer(spec(folder), ask(f"{TEXT}\n\nWho?")).text


def test_texts_that_are_embedded_stand_alone(folder: Path, file: Path) -> None:
    embed = Embed(("one", "two"), Key(1))
    assert answer(spec(folder, f"context_file={file}"), embed).vectors == answer(spec(folder), embed).vectors


def test_models_that_know_different_things_have_different_names(folder: Path, trained: Path, file: Path) -> None:
    other = file.with_name("other.txt")
    other.write_text(TEXT + " ", encoding="utf-8")
    adapter = ("contextualise=adapter", f"contextualise.path={trained}")
    names = [
        load(spec(folder, *given)).info.name
        for given in [
            (),
            (f"context_file={file}",),
            (f"context_file={other}",),
            (f"context_file={file}", *adapter),
            (f"context_file={other}", *adapter),
        ]
    ]
    assert len(set(names)) == len(names)
    assert "~prompt-" in names[1]
    assert "~adapter-" in names[3]
    again = file.with_name("copy.txt")
    again.write_text(TEXT, encoding="utf-8")
    assert load(spec(folder, f"context_file={again}")).info.name == names[1], "it is the text that counts"


def test_what_cannot_be_is_refused(folder: Path, file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="context_file: cannot read"):
        load(spec(folder, f"context_file={tmp_path / 'none.txt'}"))
    with pytest.raises(UsageError, match="did you mean adapter"):
        load(spec(folder, f"context_file={file}", "contextualise=adaptor"))
    lacking = (f"context_file={file}", "contextualise=adapter")
    with pytest.raises(UsageError, match="passel train generative_adapter"):
        answer(spec(folder, *lacking), ask())
    with pytest.raises(UsageError, match="holds no trained parts"):
        answer(spec(folder, *lacking, f"contextualise.path={tmp_path}"), ask())


def test_the_command_asks_with_a_context(cli: Callable[..., Any], folder: Path, trained: Path, file: Path) -> None:
    def run(*flags: str) -> Any:
        common = ["ask", "Who?", "--model", spec(folder), "--method", "direct", "--temperature", "0"]
        said = cli(*common, "--max-tokens", "6", "--json", *flags)
        return json.loads(said.out)

    none, prompt = run(), run("--context", str(file))
    adapter = run("--context", str(file), "--contextualise", f"adapter:path={trained}")
    assert adapter["cost"]["prompt_tokens"] == none["cost"]["prompt_tokens"]
    assert prompt["cost"]["prompt_tokens"] == none["cost"]["prompt_tokens"] + len(TEXT) + 2
    assert adapter["text"] != none["text"]


def test_another_model_gets_the_context_with_its_question(cli: Callable[..., Any], file: Path) -> None:
    file.write_text("What is 17 + 25?", encoding="utf-8")
    common = ["ask", "The sum is wanted.", "--model", "toy", "--method", "direct", "--json"]
    known = json.loads(cli(*common, "--context", str(file)).out)
    written = json.loads(cli(common[0], "What is 17 + 25?\n\nThe sum is wanted.", *common[2:]).out)
    assert known["text"] == written["text"]
    assert known["cost"]["prompt_tokens"] == written["cost"]["prompt_tokens"]


def test_the_command_says_what_is_wrong(cli: Callable[..., Any], folder: Path, file: Path) -> None:
    def error(*flags: str) -> str:
        said = cli("ask", "Who?", "--method", "direct", *flags)
        assert said.code
        return said.err

    assert "no context" in error("--model", "toy", "--contextualise", "adapter")
    assert "--model torch:toy" in error("--model", "toy", "--context", str(file), "--contextualise", "adapter")
    assert "--context: cannot read" in error("--model", "toy", "--context", str(file.with_name("none.txt")))
    assert "context_file: cannot read" in error("--model", spec(folder), "--context", str(file.with_name("none.txt")))
