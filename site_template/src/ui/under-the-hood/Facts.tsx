import type { ComponentChildren } from 'preact';
export const Facts = ({ children }: { children: ComponentChildren }) => <dl class="facts">{children}</dl>;

export function Fact({ term, children }: { term: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
