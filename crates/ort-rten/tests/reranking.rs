//! A cross-encoder through fastembed: a second kind of model, with token types that matter.

mod common;

use std::fs;

use common::{fixture, tokenizer_files};
use fastembed::{OnnxSource, RerankInitOptionsUserDefined, TextRerank, UserDefinedRerankingModel};

#[test]
fn scores_agree_with_onnx_runtime() {
    ort_rten::install();
    let folder = fixture("reranker");
    let expected: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("expected.json")).expect("fixture")).expect("fixture");
    let query = expected["query"].as_str().expect("query");
    let documents: Vec<&str> = expected["documents"]
        .as_array()
        .expect("documents")
        .iter()
        .filter_map(|text| text.as_str())
        .collect();
    for source in [
        OnnxSource::File(folder.join("model.onnx")),
        OnnxSource::Memory(fs::read(folder.join("model.onnx")).expect("fixture")),
    ] {
        let model = UserDefinedRerankingModel::new(source, tokenizer_files(&folder));
        let mut reranker =
            TextRerank::try_new_from_user_defined(model, RerankInitOptionsUserDefined::default())
                .expect("the reranker loads");
        for batch in [1, 5] {
            let results = reranker.rerank(query, &documents, false, Some(batch)).expect("reranking");
            assert_eq!(results.len(), documents.len());
            for result in results {
                let score = expected["scores"][result.index].as_f64().expect("score");
                assert!((f64::from(result.score) - score).abs() < 1e-5, "{result:?}, expected {score}");
            }
        }
    }
}
