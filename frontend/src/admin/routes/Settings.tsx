//! The security settings of one application.

import { Skeleton } from '@mantine/core';
import { useParams } from 'react-router';
import { useQuery } from 'urql';
import { graphql } from '../../gql';
import { Failure } from '../components/Failure';
import { Page } from '../components/Page';
import { OpenDoors } from '../features/overview/OpenDoors';
import { SecurityForm } from '../features/settings/SecurityForm';
import { NotFound } from './NotFound';

const SETTINGS = graphql(`
  query Settings($application: String!) {
    application(name: $application) {
      id
      ...OpenDoors_application
      ...SecurityForm_application
    }
  }
`);

export function Settings() {
  const { application = '' } = useParams();
  const [{ data, error }, refresh] = useQuery({ query: SETTINGS, variables: { application } });
  if (data?.application === null) return <NotFound />;
  return (
    <Page title={`${application} security`}>
      {error && !data && <Failure error={error} retry={() => refresh({ requestPolicy: 'network-only' })} />}
      {data?.application ? (
        <>
          <OpenDoors application={data.application} />
          <SecurityForm key={application} application={data.application} />
        </>
      ) : (
        !error && <Skeleton h={400} />
      )}
    </Page>
  );
}
