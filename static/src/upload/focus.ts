/**
 * Do what may hide, move or remove the button that has the focus. Then a keyboard stays where it
 * was: at that button, at one beside it that took its place, or at the nearest of those around.
 */
export function keepingFocus(within: Element, change: () => void): void {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || !within.contains(focused)) return change();
  const heirs = [focused, ...heirsOf(focused, within)];
  change();
  if (document.activeElement === focused && isShown(focused)) return;
  heirs.find(isShown)?.focus();
}

/** Those of its own group, of the groups after it, and of those before it, the nearest first. */
function heirsOf(focused: HTMLElement, within: Element): HTMLElement[] {
  const controls = within.querySelectorAll<HTMLElement>("button, input");
  const groups = [...new Set(Array.from(controls, (control) => control.parentElement!))];
  const place = groups.indexOf(focused.parentElement!);
  const near = [...groups.slice(Math.max(place, 0)), ...groups.slice(0, Math.max(place, 0)).reverse()];
  return near.flatMap((group) => Array.from(group.querySelectorAll<HTMLElement>("button, input")));
}

function isShown(element: HTMLElement): boolean {
  return element.getClientRects().length > 0;
}
