//! Who may see and do what, and what the answers look like.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{Client, PASSWORD, login};
use crate::tests::{TestApi, TestWorker};

const BLOCK: &str = r#"
  mutation {
    blockSubscriber(input: {
      application: "LiveApp", streamId: "stream1", subscriberId: "playerB", operation: PLAY, seconds: 120
    }) {
      block { operation until active streamId }
      blocks { operation }
      sessionsStopped sessionsSuspended workersAcknowledged workersPending { name } tookMs
      problems { code message path }
    }
  }"#;

#[tokio::test]
async fn a_login_opens_the_graph_until_the_logout() {
    let test = TestApi::new().await;
    let remote = Client::remote(&test);
    let first = format!(
        r#"mutation {{ createFirstAdministrator(input: {{ email: "ada@x.org", password: "{PASSWORD}" }})
           {{ administrator {{ email }} problems {{ code }} }} }}"#
    );
    assert_eq!(remote.data(&first).await["createFirstAdministrator"]["problems"][0]["code"], "WRONG_CREDENTIALS");
    assert_eq!(
        remote.data("{ server { firstAdministratorMissing } }").await["server"]["firstAdministratorMissing"],
        true
    );
    let created = Client::local(&test).data(&first).await;
    assert_eq!(created["createFirstAdministrator"]["administrator"]["email"], "ada@x.org");

    assert_eq!(remote.data("{ viewer { kind } }").await["viewer"]["kind"], "ANONYMOUS");
    assert_eq!(remote.error_code("{ applications { nodes { name } } }").await, "UNAUTHENTICATED");
    let wrong = remote.data(&login("ada@x.org", "wrong password")).await;
    assert_eq!(wrong["login"]["problems"][0]["code"], "WRONG_CREDENTIALS");

    let reply = remote.post(json!({ "query": login("ada@x.org", PASSWORD) })).await;
    let cookie = reply.headers["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("sluice_login=") && cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    let ada = remote.with_token(reply.body["data"]["login"]["accessToken"].as_str().expect("a token"));
    let seen = ada.data("{ viewer { kind role name } applications { totalCount nodes { name role } } }").await;
    assert_eq!(seen["viewer"], json!({ "kind": "ADMINISTRATOR", "role": "ADMIN", "name": "ada@x.org" }));
    assert_eq!(seen["applications"]["totalCount"], 2);
    assert_eq!(seen["applications"]["nodes"][0], json!({ "name": "LiveApp", "role": "ADMIN" }));

    assert_eq!(ada.data("mutation { logout { loggedOut } }").await["logout"]["loggedOut"], true);
    assert_eq!(ada.error_code("{ applications { nodes { name } } }").await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_field_that_fails_is_null_and_so_is_what_cannot_be_without_it() {
    let test = TestApi::new().await;
    let nobody = Client::remote(&test);
    let answer = nobody.ask(r#"{ server { version } application(name: "LiveApp") { name } }"#).await;
    assert_eq!(answer["data"]["application"], Value::Null);
    assert!(answer["data"].as_object().expect("data").contains_key("application"), "{answer}");
    assert_eq!(answer["data"]["server"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answer["errors"][0]["path"], json!(["application"]));
    let answer = nobody.ask("{ server { version } workers { id } }").await;
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn an_application_of_others_looks_like_one_that_is_not_there() {
    let test = TestApi::new().await;
    let own = Client::remote(&test).with_account("op@x.org", r#"{ application: "LiveApp", role: OPERATOR }"#).await;
    let local = Client::local(&test);
    let theirs = local.data(r#"{ application(name: "WebRTCAppEE") { id } }"#).await;
    let id = theirs["application"]["id"].as_str().expect("an id").to_owned();

    let query = format!(
        r#"{{ theirs: application(name: "WebRTCAppEE") {{ name }} none: application(name: "Nothing") {{ name }}
              node(id: "{id}") {{ id }} broadcast(application: "WebRTCAppEE", streamId: "s") {{ id }}
              applications {{ nodes {{ name }} }} workers {{ id }} server {{ stats {{ workers }} }} }}"#
    );
    let seen = own.data(&query).await;
    for field in ["theirs", "none", "node", "broadcast"] {
        assert_eq!(seen[field], Value::Null, "{field}");
    }
    assert_eq!(seen["applications"]["nodes"], json!([{ "name": "LiveApp" }]));
    assert_eq!(seen["workers"], json!([]));
    assert_eq!(seen["server"]["stats"], Value::Null);

    let problems = async |block: String| own.data(&block).await["blockSubscriber"]["problems"].clone();
    let theirs = problems(BLOCK.replace("LiveApp", "WebRTCAppEE")).await;
    assert_eq!(theirs[0]["code"], "NOT_FOUND");
    assert_eq!(theirs[0]["path"], "application");
    assert_eq!(theirs, problems(BLOCK.replace("LiveApp", "Nothing")).await);
    assert_eq!(problems(BLOCK.to_owned()).await, json!([]));
}

#[tokio::test]
async fn a_viewer_reads_and_changes_nothing() {
    let test = TestApi::new().await;
    let viewer = Client::remote(&test).with_account("v@x.org", r#"{ application: "LiveApp", role: VIEWER }"#).await;
    let blocked = viewer.data(BLOCK).await;
    assert_eq!(blocked["blockSubscriber"]["problems"][0]["code"], "FORBIDDEN");
    assert_eq!(blocked["blockSubscriber"]["block"], Value::Null);
    let seen = viewer.data(r#"{ application(name: "LiveApp") { blocks { totalCount } } }"#).await;
    assert_eq!(seen["application"]["blocks"]["totalCount"], 0);
    assert_eq!(viewer.error_code("{ administrators { nodes { email } } }").await, "FORBIDDEN");
}

#[tokio::test]
async fn a_block_says_what_it_did_and_who_has_not_answered() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    worker.suspends.store(3, Ordering::SeqCst);
    let _silent = TestWorker::join(&test, Vec::new(), Vec::new(), false).await;
    let local = Client::local(&test);
    let done = local.data(BLOCK).await["blockSubscriber"].take();
    let block = json!({
        "operation": "PLAY", "until": "2023-11-14T22:15:20.000000Z", "active": true, "streamId": "stream1",
    });
    assert_eq!(done["block"], block);
    assert_eq!(done["blocks"], json!([{ "operation": "PLAY" }]));
    assert_eq!((&done["sessionsStopped"], &done["sessionsSuspended"]), (&json!(0), &json!(3)));
    assert_eq!(done["workersAcknowledged"], 1);
    assert_eq!(done["workersPending"], json!([{ "name": "test" }]));
    assert!(done["tookMs"].as_f64().is_some_and(|took| took > 0.0));

    let both = local.data(&BLOCK.replace("operation: PLAY, ", "")).await["blockSubscriber"].take();
    assert_eq!(both["block"], Value::Null);
    assert_eq!(both["blocks"], json!([{ "operation": "PUBLISH" }, { "operation": "PLAY" }]));

    let lifted = local
        .data(
            r#"mutation { unblockSubscriber(input: {
                 application: "LiveApp", streamId: "stream1", subscriberId: "playerB", operation: PUBLISH_PLAY
               }) { blocks { active } problems { code } } }"#,
        )
        .await;
    assert_eq!(lifted["unblockSubscriber"]["blocks"], json!([{ "active": false }, { "active": false }]));
    assert_eq!(lifted["unblockSubscriber"]["problems"], json!([]));
}

#[tokio::test]
async fn one_walks_from_a_broadcast_to_its_subscribers_and_back() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let created = local
        .data(
            r#"mutation {
                 createBroadcast(input: { application: "LiveApp", streamId: "stream1", name: "One",
                                          plannedStart: "2026-11-22T13:00:00+01:00" })
                   { broadcast { plannedStart } problems { code } }
                 a: createSubscriber(input: { application: "LiveApp", streamId: "stream1", subscriberId: "playerB",
                                              type: PLAY }) { subscriber { id } problems { code } }
                 b: createSubscriber(input: { application: "LiveApp", streamId: "stream1", subscriberId: "playerB" })
                   { subscriber { id } problems { code path } }
               }"#,
        )
        .await;
    assert_eq!(created["createBroadcast"]["broadcast"]["plannedStart"], "2026-11-22T12:00:00.000000Z");
    assert_eq!(created["b"]["subscriber"], Value::Null);
    assert_eq!(created["b"]["problems"][0]["code"], "ALREADY_EXISTS");
    local.data(BLOCK).await;

    let seen = local
        .data(
            r#"{ broadcast(application: "LiveApp", streamId: "stream1") {
                   id name status live { since } urls { hls dash rtmpPublish player whip webSocket }
                   subscribers(filter: { search: "player" }) { totalCount nodes {
                     id type hasSecret publishBlock { id } playBlock { id active subscriber { subscriberId } }
                     broadcast { name application { name blocks { nodes { id } } } }
                   } }
                   subscriber(subscriberId: "playerB") { averageVideoBitrate }
                   sessions { nodes { id } } connectionEvents { nodes { id } }
               } }"#,
        )
        .await;
    let broadcast = &seen["broadcast"];
    assert_eq!(broadcast["urls"]["hls"], "http://127.0.0.1:5080/LiveApp/streams/stream1.m3u8");
    assert_eq!(broadcast["urls"]["rtmpPublish"], "rtmp://127.0.0.1/LiveApp/stream1");
    assert!(broadcast["urls"]["whip"].as_str().unwrap().ends_with("/LiveApp/whip/stream1"));
    let socket = broadcast["urls"]["webSocket"].as_str().unwrap();
    assert!(socket.starts_with("ws://") && socket.ends_with("/LiveApp/websocket"), "{socket}");
    let subscriber = &broadcast["subscribers"]["nodes"][0];
    assert_eq!((&subscriber["type"], &subscriber["hasSecret"]), (&json!("PLAY"), &json!(false)));
    assert_eq!(subscriber["publishBlock"], Value::Null);
    assert_eq!(subscriber["playBlock"]["subscriber"]["subscriberId"], "playerB");
    assert_eq!(subscriber["broadcast"]["name"], "One");
    let block = &subscriber["playBlock"]["id"];
    assert_eq!(&subscriber["broadcast"]["application"]["blocks"]["nodes"][0]["id"], block);
    assert_eq!(broadcast["subscriber"]["averageVideoBitrate"], "0");

    for (id, kind) in [(&broadcast["id"], "Broadcast"), (&subscriber["id"], "Subscriber"), (block, "Block")] {
        let node = local.data(&format!("{{ node(id: {id}) {{ __typename id }} }}")).await;
        assert_eq!(node["node"], json!({ "__typename": kind, "id": id }));
    }
    assert_eq!(local.data(r#"{ node(id: "bm9uZQ") { id } }"#).await["node"], Value::Null);
}

#[tokio::test]
async fn pages_follow_one_another_until_the_last() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    for stream in ["a", "b", "c"] {
        let create = format!(
            r#"mutation {{ createBroadcast(input: {{ application: "LiveApp", streamId: "{stream}" }})
               {{ problems {{ code }} }} }}"#
        );
        local.data(&create).await;
    }
    let page = async |arguments: &str| {
        let query = format!(
            r#"{{ application(name: "LiveApp") {{ broadcasts({arguments})
               {{ nodes {{ streamId }} edges {{ cursor }} pageInfo {{ hasNextPage endCursor }} }} }} }}"#
        );
        local.ask(&query).await
    };
    let first = page("first: 2, orderBy: { by: NAME, descending: true }").await;
    let first = &first["data"]["application"]["broadcasts"];
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    assert_eq!(first["edges"][1]["cursor"], first["pageInfo"]["endCursor"]);
    let after = &first["pageInfo"]["endCursor"];
    let last = page(&format!("first: 2, after: {after}, orderBy: {{ by: NAME, descending: true }}")).await;
    let last = &last["data"]["application"]["broadcasts"];
    assert_eq!(last["pageInfo"]["hasNextPage"], false);
    let streams = |page: &Value| page["nodes"].as_array().expect("nodes").clone();
    assert_eq!([streams(first), streams(last)].concat().len(), 3);
    assert!(streams(first).iter().all(|node| !streams(last).contains(node)));

    assert_eq!(super::code_of(&page("first: 251").await), "LIMIT_PAGE_SIZE");
    assert_eq!(super::code_of(&page("first: -1").await), "INVALID");
    assert_eq!(super::code_of(&page(r#"after: "xyz""#).await), "INVALID");
}

#[tokio::test]
async fn settings_change_one_by_one_and_say_which_is_at_fault() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let update = async |settings: &str| {
        let mutation = format!(
            r#"mutation {{ updateApplicationSettings(input: {{ application: "LiveApp", settings: {settings} }}) {{
                 application {{ settings {{ hlsTime hlsListSize enableTimeTokenForPlay playTokenControlEnabled }}
                                openDoors {{ code setting }} }}
                 problems {{ code }} }} }}"#
        );
        local.data(&mutation).await["updateApplicationSettings"].take()
    };
    let changed = update("{ hlsTime: 4, enableTimeTokenForPlay: true }").await;
    assert_eq!(changed["problems"], json!([]));
    let settings = json!({
        "hlsTime": 4.0, "hlsListSize": 15, "enableTimeTokenForPlay": true, "playTokenControlEnabled": false,
    });
    assert_eq!(changed["application"]["settings"], settings);
    let doors: Vec<_> = changed["application"]["openDoors"].as_array().expect("doors").iter().collect();
    assert!(doors.iter().any(|door| door["code"] == "publish") && doors.iter().all(|door| door["code"] != "play"));
    assert_eq!(update("{ playTokenControlEnabled: true }").await["problems"][0]["code"], "CONFLICT");
    assert_eq!(update("{ hlsTime: null }").await["application"]["settings"]["hlsTime"], 2.0);
}

#[tokio::test]
async fn an_explanation_names_the_rule_that_refuses() {
    let test = TestApi::new().await;
    test.set(json!({ "enableTimeTokenForPublish": true })).await;
    let explained = Client::local(&test)
        .data(
            r#"{ explainAccess(input: { application: "LiveApp", streamId: "stream1", operation: PUBLISH,
                   credentials: { subscriberId: "publisherA" }, address: "198.51.100.4" })
                 { outcome reason message wouldSpend { kind } steps { rule applied verdict reason skipped } } }"#,
        )
        .await["explainAccess"]
        .take();
    assert_eq!((&explained["outcome"], &explained["reason"]), (&json!("DENIED"), &json!("CODE_MISSING")));
    let steps = explained["steps"].as_array().expect("steps");
    let refusing: Vec<_> = steps.iter().filter(|step| step["verdict"] == "REFUSED").collect();
    assert_eq!(refusing.len(), 1);
    assert_eq!(refusing[0]["reason"], "CODE_MISSING");
    assert!(steps.iter().any(|step| step["verdict"] == "NOT_REACHED"));
}

#[tokio::test]
async fn keys_of_machines_count_until_they_are_revoked() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let created = local
        .data(
            r#"mutation { createApiKey(input: { name: "ci", grants: [{ application: "LiveApp", role: OPERATOR }] })
               { apiKey { id grants { application role } } secret problems { code } } }"#,
        )
        .await["createApiKey"]
        .take();
    let machine = Client::remote(&test).with_token(created["secret"].as_str().expect("a key"));
    let seen = machine.data("{ viewer { kind name } }").await;
    assert_eq!(seen["viewer"], json!({ "kind": "API_KEY", "name": "ci" }));
    let id = &created["apiKey"]["id"];
    let revoked = local
        .data(&format!("mutation {{ revokeApiKey(input: {{ id: {id} }}) {{ revokedId problems {{ code }} }} }}"))
        .await;
    assert_eq!(&revoked["revokeApiKey"]["revokedId"], id);
    assert_eq!(machine.data("{ viewer { kind } }").await["viewer"]["kind"], "ANONYMOUS");
}

#[tokio::test]
async fn decisions_stand_in_the_audit_with_their_reasons() {
    let test = TestApi::new().await;
    test.set(json!({ "enableTimeTokenForPlay": true })).await;
    let worker = test.worker().await;
    worker.refusal(worker.request(sluice_contract::Operation::Play, "stream1", "subscriberId=playerB")).await;
    let audit = Client::local(&test)
        .data(
            r#"{ audit(filter: { kind: DECISION, outcome: DENIED, reason: CODE_MISSING }) {
                 totalCount nodes { reason code streamId subscriberId operation protocol address } } }"#,
        )
        .await["audit"]
        .take();
    assert_eq!(audit["totalCount"], 1);
    let record = json!({
        "reason": "CODE_MISSING", "code": "code-missing", "streamId": "stream1", "subscriberId": "playerB",
        "operation": "PLAY", "protocol": "HLS", "address": "127.0.0.2",
    });
    assert_eq!(audit["nodes"][0], record);
}

#[tokio::test]
async fn every_object_with_an_id_is_found_by_it_and_only_by_those_who_may_see_it() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let worker = test.worker().await;
    let session =
        worker.admitted(worker.request(sluice_contract::Operation::Play, "stream1", "subscriberId=playerB")).await;
    let mut told = test.api.session_events();
    worker.tell(sluice_contract::message::EventKind::SessionStarted { session }).await;
    let other = Client::remote(&test).with_account("o@x.org", r#"{ application: "WebRTCAppEE", role: ADMIN }"#).await;
    local
        .data(
            r#"mutation {
                 createBroadcast(input: { application: "LiveApp", streamId: "stream1" }) { problems { code } }
                 createSubscriber(input: { application: "LiveApp", streamId: "stream1", subscriberId: "playerB" })
                   { problems { code } }
                 createToken(input: { application: "LiveApp", streamId: "stream1", operation: PLAY,
                                      expiresAt: "2030-01-01T00:00:00Z" }) { problems { code } }
                 createApiKey(input: { name: "ci", grants: [{ role: VIEWER }] }) { problems { code } }
                 blockSubscriber(input: { application: "LiveApp", streamId: "stream1", subscriberId: "playerB",
                                          seconds: 60 }) { problems { code } }
               }"#,
        )
        .await;
    let everything = r#"{
        application(name: "LiveApp") {
          id
          blocks { nodes { id } }
          broadcast(streamId: "stream1") {
            id
            subscribers { nodes { id } }
            tokens { nodes { id } }
            sessions { nodes { id } }
            connectionEvents(filter: { kind: CONNECTED, operation: PLAY, protocol: HLS }) { nodes { id } }
          }
        }
        administrators { nodes { id } }
        apiKeys { nodes { id } }
        audit(orderBy: OLDEST_FIRST) { nodes { id application } }
        workers { id }
      }"#;
    told.recv().await.expect("the session began");
    let seen = local.data(everything).await;
    let application = &seen["application"];
    let broadcast = &application["broadcast"];
    let audit = seen["audit"]["nodes"].as_array().expect("records");
    let of_the_application = audit.iter().find(|record| record["application"] == "LiveApp").expect("a record");
    for (kind, id) in [
        ("Application", &application["id"]),
        ("Broadcast", &broadcast["id"]),
        ("Block", &application["blocks"]["nodes"][0]["id"]),
        ("Subscriber", &broadcast["subscribers"]["nodes"][0]["id"]),
        ("Token", &broadcast["tokens"]["nodes"][0]["id"]),
        ("Session", &broadcast["sessions"]["nodes"][0]["id"]),
        ("ConnectionEvent", &broadcast["connectionEvents"]["nodes"][0]["id"]),
        ("Administrator", &seen["administrators"]["nodes"][0]["id"]),
        ("ApiKey", &seen["apiKeys"]["nodes"][0]["id"]),
        ("AuditRecord", &of_the_application["id"]),
        ("Worker", &seen["workers"][0]["id"]),
    ] {
        let query = format!("{{ node(id: {id}) {{ __typename id }} }}");
        assert_eq!(local.data(&query).await["node"], json!({ "__typename": kind, "id": id }));
        assert_eq!(other.data(&query).await["node"], Value::Null, "{kind}");
    }
}

#[tokio::test]
async fn the_audit_is_filtered_and_ordered_and_names_addresses() {
    let test = TestApi::new().await;
    test.set(json!({ "enableTimeTokenForPlay": true })).await;
    let worker = test.worker().await;
    worker.refusal(worker.request(sluice_contract::Operation::Play, "stream1", "subscriberId=playerB")).await;
    test.pass(60);
    worker.refusal(worker.request(sluice_contract::Operation::Play, "stream1", "subscriberId=playerA")).await;
    worker.refusal(worker.request(sluice_contract::Operation::Play, "stream2", "subscriberId=playerB")).await;
    let local = Client::local(&test);
    let subscribers = async |arguments: &str| {
        let query = format!("{{ audit({arguments}) {{ totalCount nodes {{ subscriberId streamId }} }} }}");
        let answer = local.data(&query).await["audit"].take();
        let nodes = answer["nodes"].as_array().expect("records").iter();
        nodes.map(|node| format!("{}/{}", node["streamId"], node["subscriberId"]).replace('"', "")).collect::<Vec<_>>()
    };
    let decisions = "filter: { kind: DECISION }, orderBy: OLDEST_FIRST";
    assert_eq!(subscribers(decisions).await, ["stream1/playerB", "stream1/playerA", "stream2/playerB"]);
    assert_eq!(subscribers("filter: { kind: DECISION }, first: 1").await, ["stream2/playerB"]);
    assert_eq!(subscribers(r#"filter: { subscriberId: "playerB", streamId: "stream1" }"#).await, ["stream1/playerB"]);
    let late = r#"filter: { kind: DECISION, since: "2023-11-14T22:14:00Z" }, orderBy: OLDEST_FIRST"#;
    assert_eq!(subscribers(late).await, ["stream1/playerA", "stream2/playerB"]);

    let actions =
        local.data(r#"{ audit(filter: { code: "update-settings" }) { nodes { address detail actor } } }"#).await;
    let changed = json!({ "address": "127.0.0.1", "detail": "enableTimeTokenForPlay", "actor": "local" });
    assert_eq!(actions["audit"]["nodes"][0], changed);
}

#[tokio::test]
async fn settings_that_are_only_kept_are_read_and_written_by_name() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let update = r#"mutation { updateApplicationSettings(input: { application: "LiveApp", settings: {
        webhookRetryCount: 3, dashTargetLatency: "4"
        other: [{ name: "gopSize", value: 50 }, { name: "s3SecretKey", value: "hidden" },
                { name: "settings.timeTokenPeriod", value: "30" }]
      } }) { problems { code } application { settings {
        webhookRetryCount dashTargetLatency timeTokenPeriod other { name value isSet } } } } }"#;
    let updated = local.data(update).await["updateApplicationSettings"].take();
    assert_eq!(updated["problems"], json!([]));
    let settings = &updated["application"]["settings"];
    assert_eq!((&settings["webhookRetryCount"], &settings["timeTokenPeriod"]), (&json!(3), &json!(30)));
    let other = settings["other"].as_array().expect("a list");
    assert!(other.contains(&json!({ "name": "gopSize", "value": 50, "isSet": true })));
    assert!(other.contains(&json!({ "name": "s3SecretKey", "value": null, "isSet": true })));
    assert!(other.iter().all(|setting| setting["name"] != "timeTokenPeriod"));
    assert!(!updated.to_string().contains("hidden"));
    let revealed =
        r#"mutation { revealApplicationSecrets(input: { application: "LiveApp" }) { secrets { name value } } }"#;
    let revealed = local.data(revealed).await["revealApplicationSecrets"]["secrets"].take();
    assert!(revealed.as_array().expect("a list").contains(&json!({ "name": "s3SecretKey", "value": "hidden" })));
}

#[tokio::test]
async fn an_application_counts_its_viewers() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let mut told = test.api.broadcast_events();
    for name in ["stream1", "stream2"] {
        let publisher = worker.admitted(worker.request(sluice_contract::Operation::Publish, name, "")).await;
        let stream = crate::tests::stream_of(&publisher);
        worker.tell(sluice_contract::message::EventKind::StreamStarted { stream }).await;
        told.recv().await.expect("it went live");
    }
    let query =
        r#"{ application(name: "LiveApp") { stats { liveStreams receivedBitrate viewers { total hls dash } } } }"#;
    let local = Client::local(&test);
    let seen = local.data(query).await["application"].take();
    let viewers = json!({ "total": 4, "hls": 4, "dash": 0 });
    assert_eq!(seen["stats"], json!({ "liveStreams": 2, "receivedBitrate": "4000000", "viewers": viewers }));
}
