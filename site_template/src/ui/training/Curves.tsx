// Loss and accuracy over the epochs: of the run that goes on, else of the head that predicts.

import type { EpochReport } from '../../protocol.ts';
import { head, training } from '../document/state.ts';
import { loss, percent, short } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';

export function Curves() {
  const run = training.value?.shown ? training.value : null;
  const epochs = run ? run.epochs : (head.value?.history ?? []);
  const total = run ? run.total : epochs.length;
  const { curves } = strings;
  return (
    <div class="curves">
      <div class="curve-pair">
        <Curve
          what={curves.accuracy}
          explained={curves.accuracyHint}
          points={epochs.map((epoch) => epoch.accuracy)}
          total={total}
          top={1}
          format={percent}
        />
        <Curve
          what={curves.loss}
          explained={curves.lossHint}
          points={epochs.map((epoch) => epoch.loss)}
          total={total}
          top={roundTop(epochs.map((epoch) => epoch.loss))}
          format={loss}
        />
      </div>
      {epochs.length > 0 && (
        <details class="more">
          <summary>{curves.figures}</summary>
          <History epochs={epochs} />
        </details>
      )}
    </div>
  );
}

/** The end of an axis that holds all values: 1, 2 or 5 times a power of ten. */
function roundTop(values: number[]) {
  const most = Math.max(...values.filter(Number.isFinite), 0);
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 5].find((each) => each * power >= most) ?? 10;
  return step * power;
}

function Curve({
  what,
  explained,
  points,
  total,
  top,
  format,
}: {
  /** It shows. */
  what: string;
  explained: string;
  /** One for each epoch so far. */
  points: number[];
  /** Epochs. */
  total: number;
  /** Of the axis, which begins at 0. */
  top: number;
  format: (value: number) => string;
}) {
  const last = points.at(-1);
  const { curves } = strings;
  const sentence =
    last === undefined ? curves.none : curves.sentence(what, format(points[0]), format(last), points.length);
  return (
    <figure class="curve">
      <figcaption>
        <span class="curve-what">{what}</span>
        <span class="curve-now">{last === undefined ? strings.hood.unknown : format(last)}</span>
        <span class="curve-explained">{explained}</span>
      </figcaption>
      <div class="curve-axis" aria-hidden="true">
        <span>{axis(top, format)}</span>
        <span>{axis(top / 2, format)}</span>
        <span>{axis(0, format)}</span>
      </div>
      {/* Stretched to whatever room there is; the strokes keep their width. */}
      <svg class="curve-plot" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={sentence}>
        <path class="curve-grid" d="M0 0H100M0 50H100M0 100H100" />
        <path class="curve-line" d={lineThrough(points, total, top)} />
        {last !== undefined && <path class="curve-end" d={`M${at(points.length - 1, last, total, top)}h0`} />}
      </svg>
      <div class="curve-epochs" aria-hidden="true">
        <span>1</span>
        <span>{curves.epoch}</span>
        <span>{Math.max(total, 1)}</span>
      </div>
    </figure>
  );
}

const axis = (value: number, format: (value: number) => string) => (format === loss ? short(value) : format(value));

/** Where a point lies, in hundredths of the plot. */
function at(i: number, value: number, total: number, top: number) {
  const x = total > 1 ? (i / (total - 1)) * 100 : 50;
  const y = (1 - (Number.isFinite(value) ? value / top : 1)) * 100;
  return `${x.toFixed(2)} ${y.toFixed(2)}`;
}

const lineThrough = (points: number[], total: number, top: number) =>
  points.map((value, i) => `${i ? 'L' : 'M'}${at(i, value, total, top)}`).join('');

function History({ epochs }: { epochs: EpochReport[] }) {
  return (
    <div class="history-frame" tabIndex={0} role="region" aria-label={strings.curves.history}>
      <table class="history">
        <caption>{strings.curves.history}</caption>
        <thead>
          <tr>
            <th scope="col">{strings.hood.epoch}</th>
            <th scope="col">{strings.hood.loss}</th>
            <th scope="col">{strings.hood.accuracy}</th>
          </tr>
        </thead>
        <tbody>
          {epochs.map((row) => (
            <tr key={row.epoch}>
              <td>{row.epoch}</td>
              <td>{loss(row.loss)}</td>
              <td>{percent(row.accuracy)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
