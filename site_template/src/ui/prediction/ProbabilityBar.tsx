import { type ClassEntry, prediction } from '../document/state.ts';
import { percent } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';

export function ProbabilityBar({ entry, name }: { entry: ClassEntry; name: string }) {
  const probabilities = prediction.value?.probabilities;
  const probability = probabilities?.[entry.id];
  const value = Math.round((probability ?? 0) * 100);
  return (
    <div class="bar">
      <div
        class="bar-track"
        role="progressbar"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={value}
        aria-valuetext={spoken(probabilities !== undefined, probability)}
      >
        <div class="bar-fill" style={{ transform: `scaleX(${probability ?? 0})` }} />
      </div>
      <span class="bar-value" aria-hidden="true">
        {shown(probabilities !== undefined, probability)}
      </span>
    </div>
  );
}

/** @param probability undefined for a class that was left out of training */
function spoken(predicting: boolean, probability: number | undefined) {
  if (!predicting) return strings.result.none;
  return probability === undefined ? strings.classes.leftOut : strings.result.spoken(Math.round(probability * 100));
}

function shown(predicting: boolean, probability: number | undefined) {
  if (!predicting) return '–';
  return probability === undefined ? strings.classes.leftOut : percent(probability);
}
