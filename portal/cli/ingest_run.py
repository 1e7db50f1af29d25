"""One run of `portal ingest`: sends plans, waits, and knows what became of each file."""

from __future__ import annotations

from portal.assets import service as assets_service
from portal.assets.models import Asset, AssetState, RenditionKind
from portal.cli.ingest_display import Display
from portal.cli.own_worker import OwnWorker
from portal.delivery.urls import hls_path
from portal.ingest.plan import Plan
from portal.ingest.report import ALREADY_IN, Report
from portal.ingest.sender import Sent
from portal.ingest.service import carry_out
from portal.ingest.waiting import is_settled, look_at, wait_until_settled
from portal.runtime import Runtime


class IngestRun:
    """With a `worker` the run sees to it that one lives and waits for the assets to settle."""

    def __init__(self, runtime: Runtime, display: Display, *, worker: OwnWorker | None) -> None:
        self._runtime = runtime
        self._display = display
        self._worker = worker
        self._sent: list[Sent] = []
        self._by_asset: dict[str, list[Sent]] = {}

    def carry_out(self, plan: Plan) -> None:
        self._sent += carry_out(
            self._runtime, plan, on_progress=self._display.sending, on_sent=self._note_sent
        )

    def finish(self) -> list[Report]:
        """The reports, in the order of the plans; after waiting, if there is a worker."""
        for sent in self._sent:
            if sent.asset_id is not None:
                self._by_asset.setdefault(sent.asset_id, []).append(sent)
        if self._worker is None:
            assets = {asset.id: asset for asset in look_at(self._runtime, self._by_asset)}
        else:
            assets = self._waited_for(self._worker)
        return [report_of(sent, assets.get(sent.asset_id or "")) for sent in self._sent]

    def _waited_for(self, worker: OwnWorker) -> dict[str, Asset]:
        assets: dict[str, Asset] = {}

        def look(asset: Asset) -> None:
            assets[asset.id] = asset
            for sent in self._by_asset[asset.id]:
                self._show(sent, asset)

        wait_until_settled(self._runtime, self._by_asset, on_look=look, on_poll=worker.ensure)
        return assets

    def _note_sent(self, sent: Sent) -> None:
        if sent.refusal is not None:
            self._display.finished(report_of(sent, None))
        elif self._worker is not None and not sent.was_in:
            self._worker.ensure()

    def _show(self, sent: Sent, asset: Asset) -> None:
        if is_settled(asset):
            self._display.finished(report_of(sent, asset))
        else:
            self._display.processing(sent.file, asset)


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
