# Reads a JSON list of pages in Markdown, draws each with GitHub's own library, and prints the elements it finds and the words that are seen.
import json
import sys
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options


class Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.addresses, self.words = set(), set(), []

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        for name, value in attributes:
            self.elements.add(f"{tag} {name}")
            if name in ("href", "src"):
                self.addresses.add(value.split(":")[0])
            if name == "alt":
                self.words.append(value)

    def handle_data(self, data):
        self.words.append(data)


pages = []
with open(sys.argv[1], encoding="utf-8") as file:
    for markdown in json.load(file):
        reader = Reader()
        reader.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
        reader.close()
        pages.append({"elements": sorted(reader.elements), "addresses": sorted(reader.addresses), "words": "".join(reader.words)})
print(json.dumps(pages))
