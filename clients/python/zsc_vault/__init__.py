"""Reads secrets from a ZSC vault. The README of this package has an example, docs/errors.md of ZSC every error."""

from zsc_vault.client import Client, Secret, ZscError

__all__ = ["Client", "Secret", "ZscError"]
