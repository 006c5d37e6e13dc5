//! Colours and shapes: restrained, readable in light and dark.

import { createTheme, Modal, Notification, TableScrollContainer, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const sluice: MantineColorsTuple = [
  '#e6f7f4',
  '#cdeee7',
  '#9cdccf',
  '#67cab6',
  '#3eb9a1',
  '#21ad93',
  '#0f8f79',
  '#087563',
  '#045e50',
  '#01483d',
];

export const theme = createTheme({
  primaryColor: 'sluice',
  primaryShade: 7,
  autoContrast: true,
  colors: { sluice },
  defaultRadius: 'md',
  fontFamily: "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, monospace",
  headings: { fontWeight: '640' },
  cursorType: 'pointer',
  components: {
    // A table that is wider than its place is scrolled with the keyboard too.
    TableScrollContainer: TableScrollContainer.extend({
      defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } },
    }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } } }),
    Modal: Modal.extend({
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close' },
        // A dialog's head is no second banner of the page.
        attributes: { header: { role: 'presentation' } },
        centered: true,
      },
    }),
  },
});

/** The library's own greys are too faint for small text (WCAG 1.4.3). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5d6670', '--mantine-color-placeholder': '#6c757d' },
  dark: { '--mantine-color-dimmed': '#9aa3ad' },
});
