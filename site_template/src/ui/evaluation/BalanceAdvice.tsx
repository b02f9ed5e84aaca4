// Which classes want more photos.

import { filledClasses, MIN_CLASSES, nameOf } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { balanceAdvice, ENOUGH } from './advice.ts';

export function BalanceAdvice() {
  const words = strings.heldOut;
  if (filledClasses.value.length < MIN_CLASSES) return null;
  const advice = balanceAdvice(filledClasses.value.map((entry) => ({ entry, count: entry.photos.value.length })));
  return (
    <div>
      <h4 id="held-advice">{words.advice}</h4>
      {advice.length === 0 ? (
        <p>{words.balanced}</p>
      ) : (
        <ul class="advice" aria-labelledby="held-advice">
          {advice.map(({ few, count, most }) => (
            <li key={few.id}>
              {most
                ? words.outweighed(nameOf(few), count, nameOf(most.many), most.count)
                : words.scarce(nameOf(few), count, ENOUGH)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
