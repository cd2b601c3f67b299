//! Names of tasks: the Hub's tags, and what pages write instead.

/// The pipeline tags of the Hub (2026-08), without `other`.
const TASKS: [&str; 57] = [
    "text-classification",
    "token-classification",
    "table-question-answering",
    "question-answering",
    "zero-shot-classification",
    "translation",
    "summarization",
    "feature-extraction",
    "text-generation",
    "fill-mask",
    "sentence-similarity",
    "text-to-speech",
    "text-to-audio",
    "automatic-speech-recognition",
    "audio-to-audio",
    "audio-classification",
    "audio-text-to-text",
    "voice-activity-detection",
    "depth-estimation",
    "image-classification",
    "object-detection",
    "image-segmentation",
    "text-to-image",
    "image-to-text",
    "image-to-image",
    "image-to-video",
    "unconditional-image-generation",
    "video-classification",
    "reinforcement-learning",
    "robotics",
    "tabular-classification",
    "tabular-regression",
    "tabular-to-text",
    "table-to-text",
    "multiple-choice",
    "text-ranking",
    "text-retrieval",
    "time-series-forecasting",
    "text-to-video",
    "image-text-to-text",
    "image-text-to-image",
    "image-text-to-video",
    "visual-question-answering",
    "document-question-answering",
    "zero-shot-image-classification",
    "graph-ml",
    "mask-generation",
    "zero-shot-object-detection",
    "text-to-3d",
    "image-to-3d",
    "image-feature-extraction",
    "video-text-to-text",
    "keypoint-detection",
    "visual-document-retrieval",
    "any-to-any",
    "video-to-video",
    "text2text-generation",
];

/// What pages and old records write, and the tag of today.
const ALIASES: [(&str, &str); 54] = [
    ("ner", "token-classification"),
    ("named-entity-recognition", "token-classification"),
    ("pos", "token-classification"),
    ("sequence-tagger-model", "token-classification"),
    ("sentiment-analysis", "text-classification"),
    ("sentiment-classification", "text-classification"),
    ("sequence-classification", "text-classification"),
    ("nli", "text-classification"),
    ("conversational", "text-generation"),
    ("causal-lm", "text-generation"),
    ("llm", "text-generation"),
    ("large-language-model", "text-generation"),
    ("language-modeling", "text-generation"),
    ("code-generation", "text-generation"),
    ("masked-lm", "fill-mask"),
    ("masked-language-modeling", "fill-mask"),
    ("qa", "question-answering"),
    ("extractive-qa", "question-answering"),
    ("text2text", "text2text-generation"),
    ("seq2seq", "text2text-generation"),
    ("text-summarization", "summarization"),
    ("machine-translation", "translation"),
    ("sentence-embedding", "sentence-similarity"),
    ("sentence-embeddings", "sentence-similarity"),
    ("text-embedding", "feature-extraction"),
    ("text-embeddings", "feature-extraction"),
    ("embedding", "feature-extraction"),
    ("embeddings", "feature-extraction"),
    ("reranker", "text-ranking"),
    ("cross-encoder", "text-ranking"),
    ("tts", "text-to-speech"),
    ("speech-synthesis", "text-to-speech"),
    ("text-to-music", "text-to-audio"),
    ("music-generation", "text-to-audio"),
    ("asr", "automatic-speech-recognition"),
    ("speech-recognition", "automatic-speech-recognition"),
    ("speech-to-text", "automatic-speech-recognition"),
    ("speech-enhancement", "audio-to-audio"),
    ("audio-source-separation", "audio-to-audio"),
    ("speech-separation", "audio-to-audio"),
    ("voice-conversion", "audio-to-audio"),
    ("speech-segmentation", "voice-activity-detection"),
    ("emotion-recognition", "audio-classification"),
    ("image-captioning", "image-to-text"),
    ("ocr", "image-to-text"),
    ("vqa", "visual-question-answering"),
    ("semantic-segmentation", "image-segmentation"),
    ("background-removal", "image-segmentation"),
    ("monocular-depth-estimation", "depth-estimation"),
    ("text-to-image-generation", "text-to-image"),
    ("stable-diffusion", "text-to-image"),
    ("text2video", "text-to-video"),
    ("time-series", "time-series-forecasting"),
    ("structured-data-classification", "tabular-classification"),
];

/// Words in the name of a diffusers pipeline and the task, the most telling first.
const PIPELINES: [(&str, &str); 23] = [
    ("InpaintPipeline", "image-to-image"),
    ("Img2ImgPipeline", "image-to-image"),
    ("Image2Image", "image-to-image"),
    ("UpscalePipeline", "image-to-image"),
    ("InstructPix2Pix", "image-to-image"),
    ("FillPipeline", "image-to-image"),
    ("KontextPipeline", "image-to-image"),
    ("EditPipeline", "image-to-image"),
    ("ImageVariation", "image-to-image"),
    ("ImageToVideo", "image-to-video"),
    ("StableVideoDiffusion", "image-to-video"),
    ("I2VGen", "image-to-video"),
    ("TextToVideo", "text-to-video"),
    ("AnimateDiff", "text-to-video"),
    ("CogVideoX", "text-to-video"),
    ("HunyuanVideo", "text-to-video"),
    ("AudioLDM", "text-to-audio"),
    ("StableAudio", "text-to-audio"),
    ("MusicLDM", "text-to-audio"),
    ("DDPMPipeline", "unconditional-image-generation"),
    ("DDIMPipeline", "unconditional-image-generation"),
    ("ShapEPipeline", "text-to-3d"),
    ("Marigold", "depth-estimation"),
];

/// Beginnings of pipelines that make pictures from text.
const PICTURES: [&str; 21] = [
    "StableDiffusion",
    "Flux",
    "AutoPipelineForText2Image",
    "Kandinsky",
    "PixArt",
    "Sana",
    "HunyuanDiT",
    "AuraFlow",
    "LatentConsistencyModel",
    "QwenImagePipeline",
    "Wuerstchen",
    "StableCascade",
    "Lumina",
    "Chroma",
    "CogView",
    "IFPipeline",
    "Kolors",
    "LDMTextToImage",
    "ZImage",
    "OmniGen",
    "HiDream",
];

/// The tag for a name, whatever its case and separators: `Text Generation`, `ner`, `fill_mask`.
/// `None` when it names no task.
pub(super) fn task(name: &str) -> Option<&'static str> {
    let name = plain(name);
    let tag = TASKS.iter().find(|tag| **tag == name).copied();
    tag.or_else(|| {
        ALIASES
            .iter()
            .find(|(alias, _)| *alias == name)
            .map(|(_, tag)| *tag)
    })
}

/// Small letters, hyphens between words.
pub(super) fn plain(name: &str) -> String {
    let lower = name.trim().chars().take(60).flat_map(char::to_lowercase);
    lower
        .map(|c| if c == ' ' || c == '_' { '-' } else { c })
        .collect()
}

/// The task of a diffusers pipeline's class.
pub(super) fn of_pipeline(class: &str) -> Option<&'static str> {
    let pipeline = class.ends_with("Pipeline") || class.starts_with("AutoPipelineFor");
    if !pipeline {
        return None;
    }
    let worded = PIPELINES
        .iter()
        .find(|(word, _)| class.contains(word))
        .map(|(_, task)| *task);
    worded
        .or_else(|| {
            PICTURES
                .iter()
                .any(|start| class.starts_with(start))
                .then_some("text-to-image")
        })
        .or_else(|| of_video(class))
}

/// Video pipelines whose names tell nothing else.
fn of_video(class: &str) -> Option<&'static str> {
    ["Wan", "LTX", "Mochi", "Latte", "Allegro", "EasyAnimate"]
        .iter()
        .any(|start| class.starts_with(start))
        .then_some("text-to-video")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_dress() {
        assert_eq!(task("Text Generation"), Some("text-generation"));
        assert_eq!(task("fill_mask"), Some("fill-mask"));
        assert_eq!(task("NER"), Some("token-classification"));
        assert_eq!(task("bert"), None);
    }

    #[test]
    fn every_alias_leads_to_a_task() {
        assert!(
            ALIASES
                .iter()
                .all(|(alias, tag)| TASKS.contains(tag) && !TASKS.contains(alias))
        );
        assert!(PIPELINES.iter().all(|(_, tag)| TASKS.contains(tag)));
    }

    #[test]
    fn pipelines_tell_tasks() {
        assert_eq!(
            of_pipeline("StableDiffusionXLPipeline"),
            Some("text-to-image")
        );
        assert_eq!(
            of_pipeline("StableDiffusionXLImg2ImgPipeline"),
            Some("image-to-image")
        );
        assert_eq!(
            of_pipeline("StableVideoDiffusionPipeline"),
            Some("image-to-video")
        );
        assert_eq!(of_pipeline("Pipeline"), None);
    }
}
