//! Moves through a list by cursor; the place is in the address, so "back" is the browser's.

import { Button, Group, Text } from '@mantine/core';

interface Props {
  page: { after: string | null; next: (cursor: string) => void; first: () => void };
  info: { hasNextPage: boolean; endCursor?: string | null };
  total?: number;
}

export function Pager({ page, info, total }: Props) {
  const { endCursor } = info;
  if (page.after === null && !info.hasNextPage && total === undefined) return null;
  return (
    <Group justify="space-between" mt="sm">
      <Text size="sm" c="dimmed" className="tabular">
        {total === undefined ? '' : `${total.toLocaleString('en')} in all`}
      </Text>
      <Group gap="xs">
        {page.after !== null && (
          <Button size="xs" variant="default" onClick={page.first}>
            First page
          </Button>
        )}
        {info.hasNextPage && endCursor && (
          <Button size="xs" variant="default" onClick={() => page.next(endCursor)}>
            Next page
          </Button>
        )}
      </Group>
    </Group>
  );
}
