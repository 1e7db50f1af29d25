/**
 * A photo grid whose pictures open large in a dialog; each is a link to the photo's own page,
 * which is what happens without script. The page brings the <dialog> with its words.
 */
export class PressPhotos extends HTMLElement {
  private links: HTMLAnchorElement[] = [];
  private shown = 0;

  connectedCallback(): void {
    this.links = Array.from(this.querySelectorAll<HTMLAnchorElement>("a[data-large]"));
    this.addEventListener("click", this.onClick);
    this.addEventListener("keydown", this.onKey);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.onClick);
    this.removeEventListener("keydown", this.onKey);
  }

  private get dialog(): HTMLDialogElement | null {
    return this.querySelector("dialog");
  }

  private show(index: number): void {
    const link = this.links[index];
    const picture = this.querySelector<HTMLImageElement>("dialog img");
    if (!link || !picture) return;
    this.shown = index;
    const thumbnail = link.querySelector("img");
    picture.src = link.dataset["large"] ?? "";
    picture.alt = thumbnail?.alt ?? "";
    picture.width = Number(link.dataset["width"]);
    picture.height = Number(link.dataset["height"]);
    this.fill(link);
  }

  private fill(link: HTMLAnchorElement): void {
    const caption = link.closest("figure")?.querySelector("figcaption");
    const place = this.querySelector("[data-caption]");
    place?.replaceChildren(...(caption?.cloneNode(true).childNodes ?? []));
    const page = this.querySelector<HTMLAnchorElement>("[data-page]");
    if (page) page.href = link.href;
    const counter = this.querySelector("[data-counter]");
    if (counter) counter.textContent = `${this.shown + 1} / ${this.links.length}`;
    this.enable("[data-previous]", this.shown > 0);
    this.enable("[data-next]", this.shown < this.links.length - 1);
  }

  private enable(selector: string, isEnabled: boolean): void {
    const button = this.querySelector<HTMLButtonElement>(selector);
    if (button) button.disabled = !isEnabled;
  }

  private readonly onClick = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const index = this.links.findIndex((link) => link.contains(target));
    if (index >= 0) {
      event.preventDefault();
      this.show(index);
      this.dialog?.showModal();
    } else if (target.closest("[data-previous]")) this.show(this.shown - 1);
    else if (target.closest("[data-next]")) this.show(this.shown + 1);
    else if (target.closest("[data-close]") || target === this.dialog) this.dialog?.close();
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (!this.dialog?.open) return;
    if (event.key === "ArrowLeft") this.show(this.shown - 1);
    else if (event.key === "ArrowRight") this.show(this.shown + 1);
    else return;
    event.preventDefault();
  };
}
