"""What can go wrong, each with its exit code (from sysexits.h)."""

from __future__ import annotations

from portal.domain.errors import PortalError


class ReleaseError(PortalError):
    """The base. No artifact was left behind."""

    code = "release.error"
    exit_code = 70


class CheckoutError(ReleaseError):
    """The checkout is not one to build from."""

    code = "release.checkout"
    exit_code = 65


class WheelError(ReleaseError):
    """A pinned package is not to be had as a wheel for the target."""

    code = "release.wheels"
    exit_code = 69


class KeyFileError(ReleaseError):
    """The signing key is missing, damaged, or in a place where it must not be."""

    code = "release.key"
    exit_code = 77
