// Which items of a long list are near the visible part: only they need to be in the page.

import type { RefObject } from 'preact';
import { useCallback, useLayoutEffect, useState } from 'preact/hooks';

/** Lists up to this length stand in the page in whole. */
const WHOLE = 100;

/** Lines kept ready at either side; the window moves by as many at once. */
const MARGIN = 6;

/**
 * How a list is laid out, and where it is scrolled to. A line is a row of a grid that scrolls down, or an item of a
 * row that scrolls sideways.
 */
interface Layout {
  sideways: boolean;
  /** Items in a line. */
  columns: number;
  /** From one line to the next, CSS pixels. */
  step: number;
  /** Of what is seen, CSS pixels. */
  extent: number;
  /** Line of the window. */
  first: number;
}

interface Window {
  /** Index of the first item that is in the page. */
  from: number;
  /** Index after the last. */
  to: number;
  /** Items in a line. */
  columns: number;
  /** Of the list: room for the items that do not stand there. */
  style: Record<string, string>;
  /** After scrolling. */
  update: () => void;
  /** Scrolls to an item, as little as it takes. */
  reveal: (index: number) => void;
}

/** @param list a grid inside it, with tracks of a fixed size */
export function useWindow(
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<HTMLElement | null>,
  count: number,
): Window {
  const [layout, setLayout] = useState<Layout | null>(null);

  const update = useCallback(() => {
    if (!scroller.current || !list.current) return;
    const found = measure(scroller.current, list.current);
    setLayout((before) => (before && same(before, found) ? before : found));
  }, []);

  useLayoutEffect(() => {
    const watcher = new ResizeObserver(update);
    if (scroller.current) watcher.observe(scroller.current);
    update();
    return () => watcher.disconnect();
  }, []);

  const reveal = useCallback((index: number) => {
    if (!scroller.current || !list.current) return;
    const { sideways, columns, step, extent } = measure(scroller.current, list.current);
    const start = Math.floor(index / columns) * step;
    const at = position(scroller.current, sideways);
    const wanted = start < at ? start : start + step > at + extent ? start + step - extent : at;
    if (sideways) scroller.current.scrollLeft = isReversed(list.current) ? -wanted : wanted;
    else scroller.current.scrollTop = wanted;
    update();
  }, []);

  const columns = layout?.columns ?? 1;
  if (count <= WHOLE || !layout) return { from: 0, to: Math.min(count, WHOLE), columns, style: {}, update, reveal };
  const { sideways, step, extent, first } = layout;
  const lines = Math.ceil(count / columns);
  const begin = Math.max(0, Math.min(first, lines - 1));
  const end = Math.min(lines, first + Math.ceil(extent / step) + 3 * MARGIN);
  const [size, before] = sideways ? ['inlineSize', 'paddingInlineStart'] : ['blockSize', 'paddingBlockStart'];
  const style = { [size]: `${lines * step}px`, [before]: `${begin * step}px` };
  return { from: begin * columns, to: Math.min(count, end * columns), columns, style, update, reveal };
}

function measure(scroller: HTMLElement, list: HTMLElement): Layout {
  const style = getComputedStyle(list);
  const sideways = style.gridAutoFlow.startsWith('column');
  const [track, gap] = sideways ? [style.gridAutoColumns, style.columnGap] : [style.gridAutoRows, style.rowGap];
  const step = Math.max(1, parseFloat(track) + parseFloat(gap));
  const line = Math.floor(position(scroller, sideways) / step);
  return {
    sideways,
    step,
    columns: sideways ? 1 : style.gridTemplateColumns.split(' ').length,
    extent: sideways ? scroller.clientWidth : scroller.clientHeight,
    first: Math.max(0, Math.floor(line / MARGIN) * MARGIN - MARGIN),
  };
}

const position = (scroller: HTMLElement, sideways: boolean) =>
  sideways ? Math.abs(scroller.scrollLeft) : scroller.scrollTop;

export const isReversed = (list: HTMLElement) => getComputedStyle(list).direction === 'rtl';

const same = (a: Layout, b: Layout) =>
  a.sideways === b.sideways &&
  a.columns === b.columns &&
  a.step === b.step &&
  a.extent === b.extent &&
  a.first === b.first;
