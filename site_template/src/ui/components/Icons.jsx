// Line icons on a 24 × 24 grid. They decorate: the text beside them, or the button's label, carries the meaning.

/** @param {{children: import('preact').ComponentChildren}} props */
function Icon({ children }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const CameraIcon = () => (
  <Icon>
    <path d="M3 8.5A2.5 2.5 0 0 1 5.5 6H8l1.5-2h5L16 6h2.500A2.5 2.5 0 0 1 21 8.500v8a2.5 2.5 0 0 1-2.5 2.500h-13A2.5 2.5 0 0 1 3 16.500z" />
    <circle cx="12" cy="12.5" r="3.5" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <rect class="icon-fill" x="6" y="6" width="12" height="12" rx="2" />
  </Icon>
);

export const RecordIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <circle class="icon-fill" cx="12" cy="12" r="4.5" />
  </Icon>
);

export const PlusIcon = () => (
  <Icon>
    <path d="M12 5v14M5 12h14" />
  </Icon>
);

export const CrossIcon = () => (
  <Icon>
    <path d="m6.5 6.5 11 11m0-11-11 11" />
  </Icon>
);

export const BinIcon = () => (
  <Icon>
    <path d="M4.5 7h15M9.5 7V4.500h5V7M6.5 7l.8 12.500h9.400L17.5 7M10.2 10.500v5.500M13.8 10.500v5.5" />
  </Icon>
);

export const AlertIcon = () => (
  <Icon>
    <path d="M12 4 2.8 19.500h18.400z" />
    <path d="M12 10v4.500M12 17v.1" />
  </Icon>
);

export const LockIcon = () => (
  <Icon>
    <rect x="5" y="10.5" width="14" height="9.5" rx="2" />
    <path d="M8.5 10.500V7.500a3.5 3.5 0 0 1 7 0v3" />
  </Icon>
);
