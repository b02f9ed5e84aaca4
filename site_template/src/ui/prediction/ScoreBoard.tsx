// Every class and how probable it is, small: the foot of the show.

import { classes, nameOf, prediction, winnerId } from '../document/state.ts';
import { percent } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';

export function ScoreBoard() {
  const { probabilities } = prediction.value ?? {};
  return (
    // With many classes it scrolls, and who has only a keyboard must reach it for that.
    <ul class="scores" role="list" aria-label={strings.show.classes} tabIndex={0}>
      {classes.value.map((entry) => {
        const probability = probabilities?.[entry.id];
        return (
          <li key={entry.id} class={`score tone-${entry.tone.value} ${winnerId.value === entry.id ? 'is-winner' : ''}`}>
            <span class="score-name">{nameOf(entry)}</span>
            <span class="score-value">{probability === undefined ? '–' : percent(probability)}</span>
            <span class="score-track" aria-hidden="true">
              <span class="score-fill" style={{ transform: `scaleX(${probability ?? 0})` }} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}
