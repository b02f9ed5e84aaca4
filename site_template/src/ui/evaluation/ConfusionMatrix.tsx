// What the second head takes for what: counts, shaded by their share of the row.

import { strings } from '../i18n/strings.ts';
import type { Asked } from './held-out.ts';

/** A larger table tells nobody anything, and is a load for the page. */
const MOST = 40;

export function ConfusionMatrix({
  classes,
  confusion,
}: {
  classes: Asked[];
  /** A row for what a photo shows, a column for what the head says. */
  confusion: number[][];
}) {
  const words = strings.heldOut;
  if (classes.length > MOST) return <p>{words.matrixTooLarge(MOST)}</p>;
  return (
    <div class="matrix">
      <h4 id="held-matrix">{words.matrix}</h4>
      <p class="hood-small" id="held-matrix-how">
        {words.matrixHow}
      </p>
      {/* Scrolls sideways where many classes meet a small screen. */}
      <div class="matrix-frame" tabIndex={0} role="region" aria-labelledby="held-matrix">
        <table aria-labelledby="held-matrix" aria-describedby="held-matrix-how">
          <thead>
            <tr>
              <td />
              {classes.map(({ id, name }) => (
                <th key={id} scope="col" title={name}>
                  <span>{name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {classes.map(({ id, name }, row) => (
              <Row key={id} name={name} counts={confusion[row]} own={row} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** @param props `own` is the column of the right answer */
function Row({ name, counts, own }: { name: string; counts: number[]; own: number }) {
  const asked = counts.reduce((sum, count) => sum + count, 0);
  return (
    <tr>
      <th scope="row" title={name}>
        <span>{name}</span>
      </th>
      {counts.map((count, column) => (
        <td
          key={column}
          class={`${column === own ? 'is-right' : 'is-wrong'} ${count ? '' : 'is-none'}`}
          // Never so dark or so bright that the number could not be read on it.
          style={{ '--shade': `${count ? 10 + Math.round((count / asked) * 30) : 0}%` }}
        >
          {count}
        </td>
      ))}
    </tr>
  );
}
