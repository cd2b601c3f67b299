//! Families of transformers architectures: what a class name tells about task and Auto class.
//!
//! Names are those of transformers 5.23; older releases' names are kept where old pages use them.

/// What an architecture is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role {
    /// Pipeline tag, where the class alone tells it.
    pub(super) task: Option<&'static str>,
    /// Auto class, where there is one.
    pub(super) auto_model: &'static str,
    /// `AutoTokenizer`, `AutoProcessor`, …
    pub(super) processor: &'static str,
}

const fn role(task: &'static str, auto_model: &'static str, processor: &'static str) -> Role {
    Role { task: Some(task), auto_model, processor }
}

const TOKENIZER: &str = "AutoTokenizer";
const PROCESSOR: &str = "AutoProcessor";
const IMAGES: &str = "AutoImageProcessor";
const SOUND: &str = "AutoFeatureExtractor";

/// Beginnings of audio encoders' class names.
const AUDIO: [&str; 16] = [
    "Wav2Vec2", "Hubert", "WavLM", "UniSpeech", "SEW", "Data2VecAudio", "Whisper", "AST", "MCTCT", "ParakeetFor", "ParakeetEncoder", "Speech2Text", "Clap", "Encodec", "Dac",
    "Mimi",
];
/// Beginnings of vision encoders' class names.
const VISION: [&str; 33] = [
    "ViT", "DeiT", "Beit", "Dinov2", "DINOv3", "Swin", "ConvNext", "ResNet", "RegNet", "MobileNet", "MobileViT", "EfficientNet", "Hiera", "Pvt", "Segformer", "PoolFormer", "LeViT",
    "Levit", "Cvt", "VanModel", "VAN", "BitModel", "BitFor", "FocalNet", "Nat", "Dinat", "ImageGPT", "Data2VecVision", "IJepa", "TimmWrapper", "CLIPVision", "SiglipVision", "Aimv2Vision",
];
/// Beginnings of sequence-to-sequence text models' class names.
const SEQ2SEQ: [&str; 26] = [
    "T5", "MT5", "UMT5", "LongT5", "Bart", "MBart", "PLBart", "Pegasus", "Marian", "M2M100", "NllbMoe", "LED", "BigBirdPegasus", "ProphetNet", "XLMProphetNet", "SwitchTransformers",
    "Blenderbot", "FSMT", "Mvp", "EncoderDecoder", "RotoBART", "XLMRobertaEncoderDecoder", "Mt0", "AutoModelForSeq2SeqLM", "BartPho", "ViT5",
];
/// Models that read images and write text but are not called `…ForConditionalGeneration`, or
/// whose configuration does not show the vision part.
const VISION_LANGUAGE: [&str; 36] = [
    "Llava", "LlavaNext", "Qwen2VL", "Qwen2_5_VL", "Qwen3VL", "Qwen3_5", "PaliGemma", "Idefics", "Mllama", "Mistral3", "Gemma3For", "Pixtral", "SmolVLM", "InternVL", "Aria", "Chameleon",
    "Emu3", "AyaVision", "Fuyu", "Molmo", "MiniCPMV", "Phi3V", "Glm4v", "Ovis", "Janus", "KimiVL", "DeepseekVL", "DeepseekOCR", "Lfm2Vl", "Florence2", "Kosmos2", "Cogvlm", "CogVLM",
    "Bunny", "Moondream", "VipLlava",
];
/// Sparse and dense text encoders whose bare `…Model` gives features of texts.
const TEXT: [&str; 27] = [
    "Bert", "Roberta", "XLMRoberta", "DistilBert", "Albert", "Electra", "MPNet", "Deberta", "Camembert", "XLM", "Flaubert", "Longformer", "BigBird", "Funnel", "ModernBert", "NomicBert",
    "Xmod", "Luke", "GPT2Model", "GPTNeoModel", "T5Model", "T5Encoder", "MT5", "Qwen", "Mistral", "New", "Esm",
];

/// Word in a class name and what it tells, the most telling first.
const BY_WORD: [(&str, Role); 32] = [
    ("ForMaskedLM", role("fill-mask", "AutoModelForMaskedLM", TOKENIZER)),
    ("ForTokenClassification", role("token-classification", "AutoModelForTokenClassification", TOKENIZER)),
    ("ForMultipleChoice", role("multiple-choice", "AutoModelForMultipleChoice", TOKENIZER)),
    ("ForVisualQuestionAnswering", role("visual-question-answering", "AutoModelForVisualQuestionAnswering", PROCESSOR)),
    ("ForImageClassification", role("image-classification", "AutoModelForImageClassification", IMAGES)),
    ("ForVideoClassification", role("video-classification", "AutoModelForVideoClassification", IMAGES)),
    ("ForObjectDetection", role("object-detection", "AutoModelForObjectDetection", IMAGES)),
    ("ForSemanticSegmentation", role("image-segmentation", "AutoModelForSemanticSegmentation", IMAGES)),
    ("ForInstanceSegmentation", role("image-segmentation", "AutoModelForInstanceSegmentation", IMAGES)),
    ("ForUniversalSegmentation", role("image-segmentation", "AutoModelForUniversalSegmentation", IMAGES)),
    ("ForImageSegmentation", role("image-segmentation", "AutoModelForImageSegmentation", IMAGES)),
    ("ForSegmentation", role("image-segmentation", "AutoModelForImageSegmentation", IMAGES)),
    ("ForDepthEstimation", role("depth-estimation", "AutoModelForDepthEstimation", IMAGES)),
    ("ForMaskedImageModeling", role("image-feature-extraction", "AutoModelForMaskedImageModeling", IMAGES)),
    ("ForImageToImage", role("image-to-image", "AutoModelForImageToImage", IMAGES)),
    ("ForImageSuperResolution", role("image-to-image", "AutoModelForImageToImage", IMAGES)),
    ("ForKeypointDetection", role("keypoint-detection", "AutoModelForKeypointDetection", IMAGES)),
    ("ForPoseEstimation", role("keypoint-detection", "AutoModelForKeypointDetection", IMAGES)),
    ("ForZeroShotImageClassification", role("zero-shot-image-classification", "AutoModelForZeroShotImageClassification", PROCESSOR)),
    ("ForCTC", role("automatic-speech-recognition", "AutoModelForCTC", PROCESSOR)),
    ("ForAudioClassification", role("audio-classification", "AutoModelForAudioClassification", SOUND)),
    ("ForSpeechClassification", role("audio-classification", "AutoModelForAudioClassification", SOUND)),
    ("ForAudioFrameClassification", role("voice-activity-detection", "AutoModelForAudioFrameClassification", SOUND)),
    ("ForTextToSpeech", role("text-to-speech", "AutoModelForTextToSpectrogram", PROCESSOR)),
    ("ForSpeechToSpeech", role("audio-to-audio", "AutoModel", PROCESSOR)),
    ("ForSpeechToText", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("ForTextToWaveform", role("text-to-speech", "AutoModelForTextToWaveform", TOKENIZER)),
    ("ForRetrieval", role("visual-document-retrieval", "AutoModel", PROCESSOR)),
    ("ForTimeSeriesPrediction", role("time-series-forecasting", "AutoModelForTimeSeriesPrediction", "")),
    ("ModelForPrediction", role("time-series-forecasting", "AutoModelForTimeSeriesPrediction", "")),
    ("ForPrediction", role("time-series-forecasting", "AutoModelForTimeSeriesPrediction", "")),
    ("ForTimeSeriesForecasting", role("time-series-forecasting", "AutoModelForTimeSeriesPrediction", "")),
];

/// Whole class names (or their beginnings, when they end with `*`) that no word explains.
const BY_NAME: [(&str, Role); 41] = [
    ("Owl*", role("zero-shot-object-detection", "AutoModelForZeroShotObjectDetection", PROCESSOR)),
    ("GroundingDino*", role("zero-shot-object-detection", "AutoModelForZeroShotObjectDetection", PROCESSOR)),
    ("OmDetTurbo*", role("zero-shot-object-detection", "AutoModelForZeroShotObjectDetection", PROCESSOR)),
    ("TapasForQuestionAnswering", role("table-question-answering", "AutoModelForTableQuestionAnswering", TOKENIZER)),
    ("Vilt*", role("visual-question-answering", "AutoModelForVisualQuestionAnswering", PROCESSOR)),
    ("BlipForQuestionAnswering", role("visual-question-answering", "AutoModelForVisualQuestionAnswering", PROCESSOR)),
    ("LayoutLMForQuestionAnswering", role("document-question-answering", "AutoModelForDocumentQuestionAnswering", TOKENIZER)),
    ("LayoutLMv2ForQuestionAnswering", role("document-question-answering", "AutoModelForDocumentQuestionAnswering", PROCESSOR)),
    ("LayoutLMv3ForQuestionAnswering", role("document-question-answering", "AutoModelForDocumentQuestionAnswering", PROCESSOR)),
    ("Whisper*", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("Moonshine*", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("Speech2TextForConditionalGeneration", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("SpeechEncoderDecoderModel", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("GraniteSpeech*", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("Qwen2Audio*", role("audio-text-to-text", "AutoModelForMultimodalLM", PROCESSOR)),
    ("Voxtral*", role("audio-text-to-text", "AutoModelForMultimodalLM", PROCESSOR)),
    ("Ultravox*", role("audio-text-to-text", "AutoModel", PROCESSOR)),
    ("Qwen2_5Omni*", role("any-to-any", "AutoModelForMultimodalLM", PROCESSOR)),
    ("Qwen3Omni*", role("any-to-any", "AutoModelForMultimodalLM", PROCESSOR)),
    ("BlipForConditionalGeneration", role("image-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("Blip2ForConditionalGeneration", role("image-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("GitForCausalLM", role("image-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("VisionEncoderDecoderModel", role("image-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("Pix2StructForConditionalGeneration", role("image-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("Musicgen*", role("text-to-audio", "AutoModelForTextToWaveform", PROCESSOR)),
    ("BarkModel", role("text-to-speech", "AutoModelForTextToWaveform", PROCESSOR)),
    ("VitsModel", role("text-to-speech", "AutoModelForTextToWaveform", TOKENIZER)),
    ("SamModel", role("mask-generation", "AutoModelForMaskGeneration", PROCESSOR)),
    ("Sam2*", role("mask-generation", "AutoModelForMaskGeneration", PROCESSOR)),
    ("SamHQ*", role("mask-generation", "AutoModelForMaskGeneration", PROCESSOR)),
    ("CLIPModel", role("zero-shot-image-classification", "AutoModelForZeroShotImageClassification", PROCESSOR)),
    ("SiglipModel", role("zero-shot-image-classification", "AutoModelForZeroShotImageClassification", PROCESSOR)),
    ("Siglip2Model", role("zero-shot-image-classification", "AutoModelForZeroShotImageClassification", PROCESSOR)),
    ("ChineseCLIPModel", role("zero-shot-image-classification", "AutoModelForZeroShotImageClassification", PROCESSOR)),
    ("AltCLIPModel", role("zero-shot-image-classification", "AutoModelForZeroShotImageClassification", PROCESSOR)),
    ("AlignModel", role("zero-shot-image-classification", "AutoModelForZeroShotImageClassification", PROCESSOR)),
    ("CLIPSeg*", role("image-segmentation", "AutoModel", PROCESSOR)),
    ("ColPali*", role("visual-document-retrieval", "AutoModel", PROCESSOR)),
    ("ColQwen2*", role("visual-document-retrieval", "AutoModel", PROCESSOR)),
    ("XLMWithLMHeadModel", role("fill-mask", "AutoModelForMaskedLM", TOKENIZER)),
    ("FlaubertWithLMHeadModel", role("fill-mask", "AutoModelForMaskedLM", TOKENIZER)),
];

/// What an architecture is made for. `vision` and `audio`: whether the configuration has such a
/// part. A sequence-to-sequence text model has the tag `text2text-generation`, which other facts
/// may narrow.
pub(super) fn role_of(architecture: &str, vision: bool, audio: bool) -> Option<Role> {
    let name = architecture.strip_prefix("TF").or_else(|| architecture.strip_prefix("Flax")).unwrap_or(architecture);
    let named = BY_NAME.iter().find(|(pattern, _)| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    });
    if let Some((_, role)) = named {
        return Some(*role);
    }
    if begins(name, &VISION_LANGUAGE) {
        return Some(role("image-text-to-text", "AutoModelForImageTextToText", PROCESSOR));
    }
    let worded = BY_WORD.iter().find(|(word, _)| name.contains(word)).map(|(_, role)| *role);
    worded.or_else(|| by_end(name, vision, audio))
}

/// Class names whose end needs the family to be understood.
fn by_end(name: &str, vision: bool, audio: bool) -> Option<Role> {
    let sound = begins(name, &AUDIO);
    if name.contains("ForSequenceClassification") {
        let text = role("text-classification", "AutoModelForSequenceClassification", TOKENIZER);
        return Some(if sound { role("audio-classification", "AutoModelForAudioClassification", SOUND) } else { text });
    }
    if name.ends_with("ForQuestionAnswering") {
        return Some(role("question-answering", "AutoModelForQuestionAnswering", TOKENIZER));
    }
    if name.ends_with("ForConditionalGeneration") || begins(name, &SEQ2SEQ) {
        return conditional(name, vision, audio);
    }
    if name.ends_with("ForCausalLM") || name.ends_with("LMHeadModel") || name.ends_with("DoubleHeadsModel") {
        return Some(role("text-generation", "AutoModelForCausalLM", TOKENIZER));
    }
    if name.ends_with("ForPreTraining") && begins(name, &["Bert", "Albert", "MegatronBert", "MobileBert", "BigBird"]) {
        return Some(role("fill-mask", "AutoModelForMaskedLM", TOKENIZER));
    }
    encoder(name, sound)
}

/// Word in the name of a model that generates text, and what it reads.
const READS: [(&str, Role); 8] = [
    ("ASR", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("Asr", role("automatic-speech-recognition", "AutoModelForSpeechSeq2Seq", PROCESSOR)),
    ("Transcribe", role("automatic-speech-recognition", "AutoModelForMultimodalLM", PROCESSOR)),
    ("Omni", role("any-to-any", "AutoModelForMultimodalLM", PROCESSOR)),
    ("VL", role("image-text-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("Vision", role("image-text-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("OCR", role("image-text-to-text", "AutoModelForImageTextToText", PROCESSOR)),
    ("Ocr", role("image-text-to-text", "AutoModelForImageTextToText", PROCESSOR)),
];

/// Models that generate text from something.
fn conditional(name: &str, vision: bool, audio: bool) -> Option<Role> {
    if begins(name, &SEQ2SEQ) && !(vision || audio) {
        if matches!(name, "T5Model" | "T5EncoderModel" | "MT5EncoderModel" | "MT5Model" | "UMT5EncoderModel" | "UMT5Model" | "BartModel" | "MBartModel") {
            return Some(role("feature-extraction", "AutoModel", TOKENIZER));
        }
        return Some(role("text2text-generation", "AutoModelForSeq2SeqLM", TOKENIZER));
    }
    if let Some((_, role)) = READS.iter().find(|(word, _)| name.contains(word)) {
        return Some(*role);
    }
    match (vision, audio) {
        (true, true) => Some(role("any-to-any", "AutoModelForMultimodalLM", PROCESSOR)),
        (true, false) => Some(role("image-text-to-text", "AutoModelForImageTextToText", PROCESSOR)),
        (false, true) => Some(role("audio-text-to-text", "AutoModelForMultimodalLM", PROCESSOR)),
        (false, false) => None,
    }
}

/// Bare encoders give features of what they read.
fn encoder(name: &str, sound: bool) -> Option<Role> {
    let bare = name.ends_with("Model") || name.ends_with("Encoder") || name.ends_with("ForPreTraining") || name.ends_with("TextModelWithProjection");
    if !bare {
        return None;
    }
    if sound {
        return Some(role("feature-extraction", "AutoModel", SOUND));
    }
    if begins(name, &VISION) {
        return Some(role("image-feature-extraction", "AutoModel", IMAGES));
    }
    let text = begins(name, &TEXT) || name.contains("Bert") || name.starts_with("DPR") || name.starts_with("CLIPText");
    text.then(|| role("feature-extraction", "AutoModel", TOKENIZER))
}

fn begins(name: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(architecture: &str) -> Option<&'static str> {
        role_of(architecture, false, false)?.task
    }

    #[test]
    fn class_names_tell_tasks() {
        assert_eq!(task("BertForMaskedLM"), Some("fill-mask"));
        assert_eq!(task("GPT2LMHeadModel"), Some("text-generation"));
        assert_eq!(task("Qwen3ForCausalLM"), Some("text-generation"));
        assert_eq!(task("T5ForConditionalGeneration"), Some("text2text-generation"));
        assert_eq!(task("MarianMTModel"), Some("text2text-generation"));
        assert_eq!(task("WhisperForConditionalGeneration"), Some("automatic-speech-recognition"));
        assert_eq!(task("Wav2Vec2ForSequenceClassification"), Some("audio-classification"));
        assert_eq!(task("TFBertForSequenceClassification"), Some("text-classification"));
        assert_eq!(task("Qwen2_5_VLForConditionalGeneration"), Some("image-text-to-text"));
        assert_eq!(task("ViTModel"), Some("image-feature-extraction"));
        assert_eq!(task("OwlViTForObjectDetection"), Some("zero-shot-object-detection"));
        assert_eq!(task("TapasForQuestionAnswering"), Some("table-question-answering"));
        assert_eq!(task("SomethingElse"), None);
    }

    #[test]
    fn an_unknown_family_is_told_by_its_parts() {
        let told = |vision, audio| role_of("NewForConditionalGeneration", vision, audio).and_then(|role| role.task);
        assert_eq!(told(true, false), Some("image-text-to-text"));
        assert_eq!(told(false, true), Some("audio-text-to-text"));
        assert_eq!(told(false, false), None);
    }
}
