"""What the browser is told the page may do: the content security policy and the host's headers."""

from __future__ import annotations

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "style-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""Stands in the page itself, so it holds on any host. The worker inherits it: see src/client.ts."""


def headers_file() -> str:
    """`_headers`, as Netlify and Cloudflare Pages read it: the same policy once more, and caching."""
    everywhere = {
        "Content-Security-Policy": POLICY,
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    blocks = {"/*": everywhere, "/assets/*": forever, "/model/*": forever}
    # A host joins the values of a header that two blocks set; `!` takes the earlier one away first.
    lines = []
    for path, headers in blocks.items():
        lines.append(path)
        if path != "/*":
            lines.append("  ! Cache-Control")
        lines.extend(f"  {name}: {value}" for name, value in headers.items())
    return "\n".join(lines) + "\n"
