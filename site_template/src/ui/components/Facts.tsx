/** @param {{children: import('preact').ComponentChildren}} props */
export const Facts = ({ children }) => <dl class="facts">{children}</dl>;

/** @param {{term: string, children: import('preact').ComponentChildren}} props */
export function Fact({ term, children }) {
  return (
    <div class="fact">
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
