"""What a reader does with the page in a browser, and what it shows them."""


def settle(page):
    """Until what was done is shown and said in the address, however busy the machine."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(() => setTimeout(done, 0), 0)))")


def count_of(page):
    text = page.inner_text("#ex-count")
    return int(text.removeprefix("All ").split()[0].replace(",", ""))


def set_range(page, label, low=None, high=None):
    page.evaluate("document.getElementById('ex-ranges').open = true")
    for end, value in (("from", low), ("to", high)):
        if value is not None:
            page.locator(f"#ex-ranges input[aria-label='{label}, {end}']").fill(str(value))
            page.keyboard.press("Tab")


def drag(page, start, end):
    """Drag over parts of the plot, given as shares of its width and height."""
    page.locator("#ex-plot").scroll_into_view_if_needed()
    box = page.locator("#ex-plot").bounding_box()
    corner = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*corner[0])
    page.mouse.down()
    page.mouse.move(*corner[1], steps=5)
    page.mouse.up()
    settle(page)


def touch(page, *places):
    """A finger set down at the first of these places, moved over the others, lifted: shares of the plot's sides."""
    page.locator("#ex-plot").scroll_into_view_if_needed()
    box = page.locator("#ex-plot").bounding_box()
    spots = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places]
    hand = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(spots) - 1)]
    for kind, spot in zip(kinds, spots):
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [spot]})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)


def listed(page):
    """Architecture -> the cells of its row, of the list below."""
    rows = page.locator("#ex-list tbody tr").all_inner_texts()
    return {cells[0].strip(): cells[1:] for cells in (row.split("\t") for row in rows)}
