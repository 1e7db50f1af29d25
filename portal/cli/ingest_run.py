"""One run of `portal ingest`: sends plans, waits, and knows what became of each file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal.assets import service as assets_service
from portal.assets.models import Asset, AssetState, RenditionKind
from portal.cli.ingest_display import Display
from portal.cli.own_worker import OwnWorker
from portal.delivery.urls import hls_path
from portal.errors import DatabaseUnavailable
from portal.ingest.plan import Plan, PlannedFile
from portal.ingest.report import ACKNOWLEDGED, ALREADY_IN, Report
from portal.ingest.sender import Sent
from portal.ingest.service import carry_out
from portal.ingest.waiting import Standstill, is_settled, look_patiently, wait_until_settled
from portal.runtime import Runtime


class IngestRun:
    """With a `worker` the run sees to it that one lives and waits for the assets to settle.

    A database that goes away ends nothing early: what is known of each file is reported still.
    """

    def __init__(self, runtime: Runtime, display: Display, *, worker: OwnWorker | None) -> None:
        self._runtime = runtime
        self._display = display
        self._worker = worker
        self._files: list[PlannedFile] = []
        self._sent: dict[int, Sent] = {}
        """By the identity of the file: one may be named twice."""
        self._assets: dict[str, Asset] = {}
        """As they were when last looked at."""
        self.troubles: list[str] = []
        """What went wrong for more than one file."""

    def carry_out(self, plan: Plan) -> None:
        self._files += plan.files
        try:
            carry_out(
                self._runtime, plan, on_progress=self._display.sending, on_sent=self._note_sent
            )
        except DatabaseUnavailable as error:
            self.troubles.append(f"The event {plan.slug!r} did not come in completely. {error}")
            for file in plan.files:
                self._sent.setdefault(id(file), Sent(file, refusal=f"It was not sent. {error}"))

    def finish(self) -> list[Report]:
        """The reports, in the order of the plans; after waiting, if there is a worker."""
        by_asset: dict[str, list[Sent]] = {}
        for sent in self._sent.values():
            if sent.asset_id is not None:
                by_asset.setdefault(sent.asset_id, []).append(sent)
        try:
            self._look_at_all(by_asset)
        except DatabaseUnavailable as error:
            self.troubles.append(str(error))
        return [self._report(self._sent[id(file)]) for file in self._files]

    def _look_at_all(self, by_asset: Mapping[str, Sequence[Sent]]) -> None:
        if self._worker is None:
            self._assets = {a.id: a for a in look_patiently(self._runtime, by_asset)}
            return
        worker, standstill = self._worker, Standstill()

        def look(asset: Asset) -> None:
            self._assets[asset.id] = asset
            standstill.note(asset)
            for sent in by_asset[asset.id]:
                self._show(sent, asset)

        def see_to_worker() -> None:
            worker.ensure(standstill_seconds=standstill.seconds())

        wait_until_settled(self._runtime, by_asset, on_look=look, on_poll=see_to_worker)

    def _report(self, sent: Sent) -> Report:
        asset = self._assets.get(sent.asset_id or "")
        is_lost = bool(self.troubles) and sent.asset_id is not None
        if is_lost and (asset is None or not is_settled(asset)):
            return unknown_report(sent, asset)
        return report_of(sent, asset)

    def _note_sent(self, sent: Sent) -> None:
        self._sent[id(sent.file)] = sent
        if sent.refusal is not None:
            self._display.finished(report_of(sent, None))
        elif self._worker is not None and not sent.was_in:
            self._worker.ensure()

    def _show(self, sent: Sent, asset: Asset) -> None:
        if is_settled(asset):
            self._display.finished(report_of(sent, asset))
        else:
            self._display.processing(sent.file, asset)


def unknown_report(sent: Sent, asset: Asset | None) -> Report:
    """Of a file that is in, and of which nothing more can be learnt now."""
    return Report(
        file=sent.file,
        state=AssetState.PROCESSING,
        asset_id=sent.asset_id,
        kind=asset.kind if asset else None,
        detail=ACKNOWLEDGED,
        is_known=False,
    )


def report_of(sent: Sent, asset: Asset | None) -> Report:
    if asset is None:
        detail = sent.refusal or "It was removed in the meantime."
        return Report(file=sent.file, state=AssetState.FAILED, detail=detail)
    details = [ALREADY_IN if sent.was_in else None, assets_service.detail_of(asset)]
    return Report(
        file=sent.file,
        state=assets_service.state_of(asset),
        asset_id=asset.id,
        kind=asset.kind,
        hls_path=hls_path(asset.id) if _is_playable(asset) else None,
        detail=" ".join(filter(None, details)) or None,
    )


def _is_playable(asset: Asset) -> bool:
    return any(rendition.kind is not RenditionKind.IMAGE for rendition in asset.renditions)
