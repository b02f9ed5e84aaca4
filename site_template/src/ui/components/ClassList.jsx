import { useLayoutEffect, useRef } from 'preact/hooks';
import { addClass } from '../actions.js';
import { classes } from '../state.js';
import { strings } from '../strings.js';
import { ClassCard } from './ClassCard.jsx';
import { PlusIcon } from './Icons.jsx';

export function ClassList() {
  const added = useRef(/** @type {string|null} */ (null));
  const list = useRef(/** @type {HTMLUListElement|null} */ (null));

  // A new class is there to be named, so its text box takes the focus.
  useLayoutEffect(() => {
    if (!added.current) return;
    const input = list.current?.querySelector(`[data-class="${added.current}"] input`);
    added.current = null;
    if (input instanceof HTMLInputElement) input.select();
  });

  return (
    <section aria-labelledby="classes-heading">
      <h2 id="classes-heading" class="visually-hidden">
        {strings.classes.heading}
      </h2>
      <ul class="class-list" role="list" ref={list}>
        {classes.value.map((entry, i) => (
          <ClassCard key={entry.id} entry={entry} position={i + 1} />
        ))}
        <li class="class-add">
          <button
            type="button"
            class="add-button"
            onClick={() => {
              added.current = addClass();
            }}
          >
            <PlusIcon />
            {strings.classes.add}
          </button>
        </li>
      </ul>
    </section>
  );
}
