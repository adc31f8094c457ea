"""Pictures and files on the page: chosen, pasted, dropped, described, removed; and without scripts."""

from __future__ import annotations

import base64
from pathlib import Path

from playwright.async_api import FilePayload, Locator, Page, expect

from tests.files import film, picture

from .conftest import Visit
from .test_two_people import DEN, message, say

CAT: FilePayload = {"name": "cat.png", "mimeType": "image/png", "buffer": picture(size=(900, 600))}
NOTES: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"milk, bread"}
BROKEN: FilePayload = {"name": "broken.png", "mimeType": "image/png", "buffer": picture()[:70]}

HAND_OVER = """([type, files, text]) => {
  const data = new DataTransfer();
  for (const { name, mime, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: mime }));
  }
  if (text) data.setData("text/plain", text);
  const paste = type === "paste";
  const target = document.querySelector(paste ? "#composer-body" : ".timeline");
  const event = paste
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
}"""


async def choose(page: Page, *files: FilePayload) -> None:
    await page.locator("input[name=files]").set_input_files(list(files))


async def hand_over(page: Page, how: str, *files: FilePayload, text: str = "") -> None:
    """What a browser tells when somebody pastes or drops files."""
    told = [
        {"name": one["name"], "mime": one["mimeType"], "base64": base64.b64encode(one["buffer"]).decode()}
        for one in files
    ]
    await page.evaluate(HAND_OVER, [how, told, text])


def waiting(page: Page, name: str = "") -> Locator:
    return page.locator(".waiting", has_text=name)


async def is_loaded(image: Locator) -> bool:
    return bool(await image.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)"))


async def test_ada_sends_a_picture_and_a_file_and_bob_sees_them_at_once(visit: Visit, tmp_path: Path) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await choose(ada, CAT, NOTES)
    await expect(waiting(ada, "cat.png").locator("img")).to_be_visible()
    await ada.get_by_label("Describe cat.png").fill("A cat on a kettle")
    await ada.keyboard.press("Enter")
    await say(ada, "Look at these two")
    for page in (ada, bob):
        said = message(page, "Look at these two")
        image = said.get_by_role("img", name="A cat on a kettle")
        await expect(image).to_have_attribute("width", "320")
        await expect(image).to_have_attribute("height", "213")
        assert await is_loaded(image)
        await expect(said.get_by_role("link", name="notes.txt")).to_be_visible()
    await expect(waiting(ada)).to_have_count(0)
    async with bob.context.expect_page() as opened:
        await message(bob, "Look at these two").get_by_role("link", name="A cat on a kettle").click()
    full = await opened.value
    await full.wait_for_load_state()
    assert await full.locator("img").evaluate("(image) => image.naturalWidth") == 900
    await full.close()
    async with bob.expect_download() as download:
        await message(bob, "Look at these two").get_by_role("link", name="notes.txt").click()
    kept = await download.value
    assert kept.suggested_filename == "notes.txt"
    await kept.save_as(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_bytes() == NOTES["buffer"]


async def test_a_picture_alone_is_a_message_and_the_page_draws_it_as_the_frame_did(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    alone: FilePayload = {"name": "alone.gif", "mimeType": "image/gif", "buffer": film()}
    await choose(ada, alone)
    await expect(waiting(ada, "alone.gif").locator("img")).to_be_visible()
    await ada.get_by_role("button", name="Send").click()
    article = bob.locator(".message", has=bob.get_by_role("img", name="alone.gif"))
    await expect(article).to_have_count(1)
    drawn = await article.locator(".attachments").evaluate("(list) => list.outerHTML")
    await bob.reload()
    assert await article.locator(".attachments").evaluate("(list) => list.outerHTML") == drawn


async def test_pasting_and_dropping(visit: Visit) -> None:
    ada = await visit("ada", DEN)
    await hand_over(ada, "paste", CAT)
    await expect(waiting(ada, "cat.png").locator("img")).to_be_visible()
    await hand_over(ada, "paste", CAT, text="words with a picture beside them")
    await expect(waiting(ada)).to_have_count(1)
    await hand_over(ada, "dragover", NOTES)
    await expect(ada.locator(".talk.is-dropping")).to_have_count(1)
    await hand_over(ada, "drop", NOTES)
    await expect(ada.locator(".talk.is-dropping")).to_have_count(0)
    await expect(waiting(ada, "notes.txt")).to_contain_text("11 bytes")
    await ada.get_by_role("button", name="Remove cat.png").click()
    await ada.get_by_role("button", name="Remove notes.txt").click()
    await expect(waiting(ada)).to_have_count(0)
    await expect(ada.get_by_label("Message to")).to_be_focused()


async def test_what_is_no_good_is_said_in_words_and_keeps_nothing_else_back(visit: Visit) -> None:
    ada = await visit("ada", DEN)
    await choose(ada, BROKEN, NOTES)
    await expect(waiting(ada, "broken.png")).to_contain_text("This picture is damaged")
    await expect(waiting(ada, "notes.txt")).to_contain_text("11 bytes")
    await say(ada, "With what is left of it")
    await expect(ada.get_by_role("alert")).to_contain_text("could not be attached")
    await expect(ada.get_by_label("Message to")).to_have_value("With what is left of it")
    await ada.get_by_role("button", name="Remove broken.png").click()
    await ada.get_by_role("button", name="Send").click()
    await expect(message(ada, "With what is left of it").get_by_role("link", name="notes.txt")).to_be_visible()
    too_long: FilePayload = {"name": "film.bin", "mimeType": "", "buffer": b"x" * (10 * 1024 * 1024 + 1)}
    await choose(ada, too_long)
    await expect(waiting(ada, "film.bin")).to_contain_text("It is larger than 10 MB.")


async def test_what_waits_is_still_there_after_a_reload(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await choose(bob, CAT)
    await expect(waiting(bob, "cat.png").locator("img")).to_be_visible()
    await bob.get_by_label("Message to").fill("Found again")
    await bob.reload()
    await expect(waiting(bob, "cat.png").locator("img")).to_be_visible()
    await bob.get_by_role("button", name="Send").click()
    await expect(message(bob, "Found again").get_by_role("img", name="cat.png")).to_be_visible()
    await bob.reload()
    await expect(waiting(bob)).to_have_count(0)


async def test_by_keyboard_alone(visit: Visit) -> None:
    ada = await visit("ada", DEN)
    async with ada.expect_file_chooser() as chooser:
        await ada.get_by_role("button", name="Attach files").press("Enter")
    await (await chooser.value).set_files([CAT])
    await expect(waiting(ada, "cat.png").locator("img")).to_be_visible()
    await ada.get_by_role("button", name="Remove cat.png").press("Enter")
    await expect(waiting(ada)).to_have_count(0)


async def test_a_picture_that_is_taken_back_is_gone_from_the_page(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await choose(ada, CAT)
    await expect(waiting(ada, "cat.png").locator("img")).to_be_visible()
    await say(ada, "I should not have shown this")
    said = message(bob, "I should not have shown this")
    await expect(said.get_by_role("img", name="cat.png")).to_be_visible()
    address = await said.locator(".attachment").get_attribute("href")
    identity = await said.get_attribute("data-id")
    await ada.evaluate(
        "(id) => fetch(`/api/v1/messages/${id}/`, {method: 'DELETE', headers: {'X-CSRFToken': "
        "document.cookie.match(/csrftoken=([^;]+)/)[1]}})",
        identity,
    )
    await expect(bob.locator(f"#m-{identity} .attachments")).to_have_count(0)
    assert address is not None
    assert (await bob.request.get(address)).status == 404


async def test_without_scripts_files_go_with_the_form_and_a_refusal_keeps_them(visit: Visit) -> None:
    bob = await visit("bob", DEN, java_script_enabled=False)
    await choose(bob, CAT, NOTES)
    await bob.get_by_label("Message to").fill(" ".join(f"https://example.org/{number}" for number in range(60)))
    await bob.get_by_role("button", name="Send").click()
    await expect(bob.get_by_role("alert")).not_to_be_empty()
    await expect(bob.get_by_role("checkbox", name="cat.png")).to_be_checked()
    await bob.get_by_role("checkbox", name="notes.txt").uncheck()
    await bob.get_by_label("Message to").fill("Sent by a form with a picture")
    await bob.get_by_role("button", name="Send").click()
    said = message(bob, "Sent by a form with a picture")
    await expect(said.get_by_role("img", name="cat.png")).to_be_visible()
    await expect(said.get_by_role("link", name="notes.txt")).to_have_count(0)
    await choose(bob, BROKEN)
    await bob.get_by_label("Message to").fill("And a broken one")
    await bob.get_by_role("button", name="Send").click()
    await expect(bob.get_by_role("alert")).to_contain_text("This picture is damaged")
    await expect(bob.get_by_label("Message to")).to_have_value("And a broken one")
