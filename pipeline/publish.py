"""Publish: a checked release folder to the Hugging Face hub, as one commit with a tag that is never moved."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.constants import ENDPOINT
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.models.hub import told
from feint.pipeline.release import manifest
from feint.pipeline.release.check import check

TYPE = "dataset"
KEPT = frozenset({".gitattributes"})
"""Files the hub makes by itself."""
Gate = Literal["automatic", "manual"]
_GATES: dict[Gate, Literal["auto", "manual"]] = {"automatic": "auto", "manual": "manual"}
_TAG = re.compile(r"[A-Za-z0-9][\w.+-]*")


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication came to, or would come to."""

    repository: str
    tag: str
    commit: str | None
    """The commit that has the tag; none where nothing was done."""
    uploaded: Sequence[str]
    """Files that were new or had changed."""
    deleted: Sequence[str]
    """Files of an earlier release that are in this one no more."""
    size: int
    """Bytes of the uploaded files."""
    visibility: str
    made: bool
    """Whether the repository had to be made."""
    tagged: bool
    """Whether the tag is new."""
    dry: bool
    seen: bool = True
    """Whether the hub could be asked what is there; a dry run without a token is told of public repositories alone."""

    @property
    def address(self) -> str:
        """Where it is."""
        return f"{ENDPOINT}/datasets/{self.repository}/tree/{self.tag}"

    def sentence(self) -> str:
        """One line for people."""
        if not self.uploaded and not self.deleted:
            what = "unchanged, no commit" if not self.dry else "unchanged, there would be no commit"
        else:
            files = f"{len(self.uploaded)} files ({self.size / 1e6:.1f} MB)" + (
                f", {len(self.deleted)} deleted" if self.deleted else ""
            )
            what = f"would upload {files}" if self.dry else f"uploaded {files} in one commit"
        tag = f"tag {self.tag}" + ("" if self.tagged else " was there already")
        if not self.seen:
            return (
                f"{self.repository}: {what} to a new repository; tag {self.tag}; nothing was changed; the hub shows no public {self.repository}, and "
                "whether there is a private one it does not say without a token: log in with 'hf auth login' or set HF_TOKEN to have it compared"
            )
        place = f"{self.visibility} repository{' to be made' if self.made and self.dry else ', made now' if self.made else ''}"
        return f"{self.repository}: {what}; {tag}; {place}" + ("; nothing was changed" if self.dry else "")


@dataclass(frozen=True, slots=True)
class _There:
    """What the hub has."""

    head: str | None
    """Newest commit; none where there is no repository."""
    files: dict[str, str]
    """Path to git's sha1, or sha256 for large files, at the head."""
    tags: dict[str, str]
    """Tag to commit."""
    private: bool
    seen: bool = True
    """Whether the hub said so, which it says of private ones to a token only."""


def publish(
    folder: Path,
    repository: str,
    *,
    tag: str | None = None,
    public: bool = False,
    gated: Gate | None = None,
    message: str | None = None,
    dry_run: bool = False,
) -> Published:
    """Upload what differs, in one commit on top of what was seen, then tag it; InputError says what stands against it.

    A dry run needs no token; without one it compares with what is public.

    Breaking off leaves nothing half-published: large files that went through are known to the hub and not sent again, the
    commit comes last, and a commit without its tag gets it on the next run.
    """
    release = manifest.read(folder)
    tag = tag or release.tag
    if not _TAG.fullmatch(tag):
        raise InputError(f"{tag!r} is no tag; expected letters, digits, '.', '-', '_', such as v1.0.0")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise InputError(f"{repository!r} is no repository; expected ORG/NAME")
    anonymous = get_token() is None
    if anonymous and not dry_run:
        raise InputError("no Hugging Face token here; log in with 'hf auth login' or set HF_TOKEN")
    api = HfApi()
    with told(repository, InputError):
        there = _seen(api, repository, anonymous=anonymous)
    if there.head and not there.private and not public:
        raise InputError(f"{repository} is public already; say --public to publish there, or name another repository")
    if faults := check(folder):
        raise InputError(
            f"{folder} is not fit to publish: {faults[0]}"
            + (f", and {len(faults) - 1} faults more" if len(faults) > 1 else "")
            + f"; see 'feint export --check {folder}'"
        )
    local = _local(folder)
    changed, gone = _difference(local, there.files)
    if tag in there.tags:
        with told(repository, InputError):
            tagged = _files(api, repository, there.tags[tag])
        if any(_difference(local, tagged)):
            raise InputError(
                f"{repository} has a tag {tag} with other files; tags are never overwritten, name another with --tag"
            )
        changed, gone = [], []
    done = Published(
        repository, tag, there.tags.get(tag), changed, gone, sum((folder / path).stat().st_size for path in changed),
        visibility="public" if public else "private", made=there.head is None, tagged=tag not in there.tags, dry=dry_run,
        seen=there.seen,
    )  # fmt: skip
    if dry_run:
        return done
    with told(repository, InputError):
        return _carried_out(api, folder, done, there, public, gated, message or f"Release {tag}")


def _carried_out(
    api: HfApi, folder: Path, plan: Published, there: _There, public: bool, gated: Gate | None, message: str
) -> Published:
    repository, head = plan.repository, there.head
    if head is None:
        api.create_repo(repository, repo_type=TYPE, private=True, exist_ok=True)
        head = api.repo_info(repository, repo_type=TYPE).sha
    if gated:  # before anything can be seen
        api.update_repo_settings(repository, repo_type=TYPE, gated=_GATES[gated])
    commit = plan.commit or head
    if plan.uploaded or plan.deleted:
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationAdd(path, folder / path) for path in plan.uploaded),
            *(CommitOperationDelete(path) for path in plan.deleted),
        ]
        made = api.create_commit(repository, operations, commit_message=message, repo_type=TYPE, parent_commit=head)
        commit = made.oid
    if plan.tagged:
        api.create_tag(repository, tag=plan.tag, revision=commit, repo_type=TYPE)
    if public and (there.head is None or there.private):
        api.update_repo_settings(repository, repo_type=TYPE, private=False)
    return Published(
        repository,
        plan.tag,
        commit,
        plan.uploaded,
        plan.deleted,
        plan.size,
        plan.visibility,
        plan.made,
        plan.tagged,
        False,
    )


def _seen(api: HfApi, repository: str, *, anonymous: bool) -> _There:
    try:
        info = api.dataset_info(repository)
    except RepositoryNotFoundError as error:
        if anonymous:  # what is private is hidden, by 401 or 404
            return _There(None, {}, {}, private=True, seen=False)
        if error.response.status_code != 404 or type(error) is not RepositoryNotFoundError:
            raise
        who = api.whoami()  # a wrong token, too, is told that there is no such repository
        if repository.partition("/")[0] not in {who["name"], *(one["name"] for one in who.get("orgs", ()))}:
            raise InputError(
                f"the hub has no {repository} that {who['name']} may see, and {who['name']} is not of {repository.partition('/')[0]} to make it; "
                "use another token or name"
            ) from error
        return _There(None, {}, {}, private=True)
    refs = api.list_repo_refs(repository, repo_type=TYPE)
    tags = {ref.name: ref.target_commit for ref in refs.tags}
    files = _files(api, repository, str(info.sha))
    return _There(str(info.sha), files, tags, private=bool(info.private))


def _files(api: HfApi, repository: str, revision: str) -> dict[str, str]:
    tree = api.list_repo_tree(repository, recursive=True, revision=revision, repo_type=TYPE)
    return {one.path: one.lfs.sha256 if one.lfs else one.blob_id for one in tree if isinstance(one, RepoFile)}


def _local(folder: Path) -> dict[str, tuple[str, str]]:
    """Both names the hub may know a file by: git's sha1 of it as a blob, and its sha256."""
    return {path: (_blob(folder / path), digest.of_file(folder / path)) for path in manifest.files(folder)}


def _blob(path: Path) -> str:
    said = sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            said.update(piece)
    return said.hexdigest()


def _difference(local: dict[str, tuple[str, str]], remote: dict[str, str]) -> tuple[list[str], list[str]]:
    """Files to upload and files to delete."""
    changed = [path for path, names in local.items() if remote.get(path) not in names]
    return changed, sorted(remote.keys() - local.keys() - KEPT)
