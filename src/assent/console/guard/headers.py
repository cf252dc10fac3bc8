"""What every answer tells a browser to keep to. Nothing here depends on the page: there is no exception to forget."""

from typing import Final

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

PERMISSIONS: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
        "gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
        "publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip

ALWAYS: Final = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS.encode()),
)
NO_STORE: Final = (b"cache-control", b"no-store")
HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")

_OURS: Final = frozenset(name for name, _ in (*ALWAYS, NO_STORE, HTTPS_ONLY)) | {b"server"}


def hardened(headers: list[tuple[bytes, bytes]], *, secure: bool, keeps: bool = False) -> list[tuple[bytes, bytes]]:
    """The answer's headers with ours in place of any of the same name. `keeps`: the answer is a file that never
    changes with who asks, so what it says about caching stands."""
    kept = [
        (name, value) for name, value in headers if name.lower() not in _OURS or (keeps and name.lower() == NO_STORE[0])
    ]
    cached = keeps and any(name.lower() == NO_STORE[0] for name, _ in kept)
    return [*kept, *ALWAYS, *(() if cached else (NO_STORE,)), *((HTTPS_ONLY,) if secure else ())]
