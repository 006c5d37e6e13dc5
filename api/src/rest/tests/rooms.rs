//! Broadcasts that are tracks of others, and rooms, by both sets of paths (`rest-v2` §7).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Server;

const APP: &str = "/LiveApp/rest/v2";

fn ids(list: &Value) -> Vec<String> {
    let all = list.as_array().expect("a list").iter();
    all.filter_map(|track| track["streamId"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn subtracks_hang_on_their_main_track() {
    let server = Server::start().await;
    for id in ["main", "a", "b"] {
        server.post(&format!("{APP}/broadcasts/create")).json(&json!({"streamId": id, "role": id})).send().await;
    }
    let main = format!("{APP}/broadcasts/main");
    for id in ["a", "b"] {
        server.post(&format!("{main}/subtrack?id={id}")).send().await.result(true);
    }
    server.post(&format!("{main}/subtrack?id=nobody")).send().await.result(false);
    server.post(&format!("{APP}/broadcasts/nobody/subtrack?id=a")).send().await.result(false);
    assert_eq!(ids(&server.get(&format!("{main}/subtracks/0/5")).send().await.json()), ["a", "b"]);
    assert_eq!(ids(&server.get(&format!("{main}/subtracks/0/1?role=b")).send().await.json()), ["b"]);
    assert_eq!(ids(&server.get(&format!("{main}/subtracks/1/5")).send().await.json()), ["b"]);
    assert_eq!(server.get(&main).send().await.json()["subTrackStreamIds"], json!(["a", "b"]));
    assert_eq!(server.get(&format!("{main}/active-subtracks/0/5")).send().await.json(), json!([]));
    let count = server.get(&format!("{main}/active-subtracks-count")).send().await.json();
    assert_eq!(count, json!({"number": 0}));
    server.delete(&format!("{main}/subtrack?id=a")).send().await.result(true);
    server.delete(&format!("{main}/subtrack?id=a")).send().await.result(false);
    assert_eq!(ids(&server.get(&format!("{main}/subtracks/0/5")).send().await.json()), ["b"]);
    let unknown = server.get(&format!("{APP}/broadcasts/nobody/subtracks/0/5")).send().await;
    assert_eq!((unknown.status, &unknown.json()["success"]), (StatusCode::NOT_FOUND, &json!(false)));
}

#[tokio::test]
async fn rooms_of_older_clients_are_broadcasts_that_gather_others() {
    let server = Server::start().await;
    let rooms = format!("{APP}/broadcasts/conference-rooms");
    for path in ["r", "r/room-info"] {
        let absent = server.get(&format!("{rooms}/{path}")).send().await;
        let expected = if path == "r" { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert_eq!(absent.status, expected, "{path}");
    }
    server.delete(&format!("{rooms}/r")).send().await.result(false);
    assert_eq!(server.put(&format!("{rooms}/r")).json(&json!({})).send().await.status, StatusCode::BAD_REQUEST);

    let room = json!({"roomId": "r", "startDate": 1_700_000_000, "endDate": 1_700_003_600});
    let created = server.post(&rooms).json(&room).send().await.json();
    let expected = json!({
        "roomId": "r", "startDate": 1_700_000_000, "endDate": 1_700_003_600, "roomStreamList": [], "mode": "legacy",
        "zombi": false, "originAdress": "localhost",
    });
    assert_eq!(created, expected);
    let again = server.post(&rooms).json(&room).send().await;
    assert_eq!((again.status, &again.json()["success"]), (StatusCode::BAD_REQUEST, &json!(false)));
    assert_eq!(server.get(&format!("{APP}/broadcasts/r")).send().await.json()["virtual"], true);

    for id in ["a", "b", "c"] {
        let stream = json!({"streamId": id, "name": id.to_uppercase()});
        server.post(&format!("{APP}/broadcasts/create")).json(&stream).send().await;
    }
    for (method, path) in [
        (Method::PUT, "r/a"),
        (Method::PUT, "r/add?streamId=b"),
        (Method::PUT, "r/c"),
        (Method::PUT, "r/delete?streamId=c"),
    ] {
        server.call(method, &format!("{rooms}/{path}")).send().await.result(true);
    }
    server.put(&format!("{rooms}/r/nobody")).send().await.result(false);
    server.put(&format!("{rooms}/nowhere/a")).send().await.result(false);
    assert_eq!(server.get(&format!("{rooms}/r")).send().await.json()["roomStreamList"], json!(["a", "b"]));
    let info = server.get(&format!("{rooms}/r/room-info?streamId=b")).send().await.json();
    assert_eq!((&info["roomId"], &info["streamDetailsMap"]), (&json!("r"), &json!({"a": "A"})));
    server.delete(&format!("{rooms}/r/a")).send().await.result(true);
    server.delete(&format!("{rooms}/r/a")).send().await.result(false);

    let changed = server.put(&format!("{rooms}/r")).json(&json!({"mode": "mcu", "startDate": 0})).send().await.json();
    assert_eq!(
        (&changed["mode"], &changed["startDate"], &changed["endDate"]),
        (&json!("mcu"), &json!(0), &room["endDate"])
    );
    let list = server.get(&format!("{rooms}/list/0/5")).send().await.json();
    assert_eq!(list, json!([changed]), "streams are no rooms");
    server.delete(&format!("{rooms}/a")).send().await.result(false);
    server.delete(&format!("{rooms}/r")).send().await.result(true);
    assert_eq!(server.get(&format!("{rooms}/r")).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get(&format!("{APP}/broadcasts/b")).send().await.status, StatusCode::OK, "members stay");
}
