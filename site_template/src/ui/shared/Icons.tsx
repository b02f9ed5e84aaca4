// Line icons on a 24 × 24 grid. They decorate: the text next to them, or the button's label, carries the meaning.

import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
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

export const UndoIcon = () => (
  <Icon>
    <path d="M9 14 4 9l5-5" />
    <path d="M4 9h10.5a5.5 5.5 0 0 1 0 11H11" />
  </Icon>
);

export const RedoIcon = () => (
  <Icon>
    <path d="m15 14 5-5-5-5" />
    <path d="M20 9H9.5a5.5 5.5 0 0 0 0 11H13" />
  </Icon>
);

export const MoreIcon = () => (
  <Icon>
    <circle class="icon-fill" cx="5.5" cy="12" r="1" />
    <circle class="icon-fill" cx="12" cy="12" r="1" />
    <circle class="icon-fill" cx="18.5" cy="12" r="1" />
  </Icon>
);

export const UploadIcon = () => (
  <Icon>
    <path d="M12 15.500V4.500m-4.500 4L12 4l4.500 4.500M4.500 14.500V17A2.5 2.5 0 0 0 7 19.500h10a2.5 2.5 0 0 0 2.500-2.500v-2.500" />
  </Icon>
);

export const TimerIcon = () => (
  <Icon>
    <circle cx="12" cy="13.5" r="7.5" />
    <path d="M12 9.500v4l2.500 1.500M9.500 2.800h5M18.2 6.200l1.300 1.300" />
  </Icon>
);

export const FolderIcon = () => (
  <Icon>
    <path d="M3.500 18V6A1.500 1.500 0 0 1 5 4.500h4.500L12 7.500h7A1.500 1.500 0 0 1 20.500 9v9a1.500 1.500 0 0 1-1.500 1.500H5A1.500 1.500 0 0 1 3.500 18z" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m5.500 12.500 4.500 4.500 8.500-10" />
  </Icon>
);

export const UpIcon = () => (
  <Icon>
    <path d="M12 19V5m-6 6 6-6 6 6" />
  </Icon>
);

export const DownIcon = () => (
  <Icon>
    <path d="M12 5v14m-6-6 6 6 6-6" />
  </Icon>
);

export const PreviousIcon = () => (
  <Icon>
    <path d="m14.500 5-7 7 7 7" />
  </Icon>
);

export const NextIcon = () => (
  <Icon>
    <path d="m9.500 5 7 7-7 7" />
  </Icon>
);

export const MoveIcon = () => (
  <Icon>
    <path d="M4 12h15m-6-6 6 6-6 6" />
  </Icon>
);

export const EmptyIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8" />
    <path d="m6.500 17.500 11-11" />
  </Icon>
);

export const ImageIcon = () => (
  <Icon>
    <rect x="3.5" y="4.5" width="17" height="15" rx="2.5" />
    <circle cx="8.5" cy="9.5" r="1.5" />
    <path d="m4 17 5-4.500 3.500 3 3-2.500 4.500 4" />
  </Icon>
);

export const SlidersIcon = () => (
  <Icon>
    <path d="M4 8h8m5 0h3M4 16h3m5 0h8" />
    <circle cx="14.5" cy="8" r="2.5" />
    <circle cx="9.5" cy="16" r="2.5" />
  </Icon>
);

export const ExpandIcon = () => (
  <Icon>
    <path d="M4.500 9.500v-5h5M14.500 4.500h5v5M19.500 14.500v5h-5M9.500 19.500h-5v-5" />
  </Icon>
);

export const TurnIcon = () => (
  <Icon>
    <path d="M4.500 11a7.500 7.500 0 0 1 13.2-4L20 9.500M20 4.500v5h-5M19.500 13a7.500 7.500 0 0 1-13.200 4L4 14.500M4 19.500v-5h5" />
  </Icon>
);
