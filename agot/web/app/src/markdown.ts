// Markdown of models and tools, as HTML that can do nothing: no scripts, no styles, nothing that is fetched.

import DOMPurify from "dompurify";
import { Marked } from "marked";

const TAGS = (
  "a b blockquote br code del em hr i kbd li ol p pre s strong sub sup table tbody td th thead tr ul"
).split(" ");
/** Longer texts are shown as they are: a parser's time grows with what it is given. */
const LONGEST = 40_000;

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

// HTML in Markdown is shown as what it is, text; of a picture, which would be fetched, its description is.
const marked = new Marked({
  gfm: true, breaks: true, async: false,
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ text, href }) => escape(text || href),
    // The headings of a text are not those of the page.
    heading({ tokens }) {
      return `<p><strong>${this.parser.parseInline(tokens)}</strong></p>`;
    },
  },
});

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  const address = node.getAttribute("href") ?? "";
  if (!/^(https?:|mailto:)/i.test(address)) {
    node.removeAttribute("href");
    return;
  }
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
  node.setAttribute("title", address);
});

export function markdown(text: string): string | null {
  if (text.length > LONGEST) return null;
  const html = marked.parse(text) as string;
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["href", "title", "align", "start"], ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false,
  });
}
