//! An address that names nothing, or nothing that this login may see.

import { Anchor, Text } from '@mantine/core';
import { Link } from 'react-router';
import { Card, Page } from '../components/Page';

export function NotFound() {
  return (
    <Page title="Not found">
      <Card>
        <Text mb="xs">There is nothing here, or it is not yours to see.</Text>
        <Anchor component={Link} to="/">
          Back to the overview
        </Anchor>
      </Card>
    </Page>
  );
}
