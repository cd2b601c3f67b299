//! Families of transformers architectures: what a class name tells about task and Auto class.

/// Class names and what they tell.
const TABLE: &str = include_str!("families.txt");

/// What an architecture is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role {
    /// Pipeline tag.
    pub(super) task: &'static str,
    /// Auto class.
    pub(super) auto_model: &'static str,
    /// `AutoTokenizer`, `AutoProcessor`, …; `None` where there is none.
    pub(super) processor: Option<&'static str>,
}

const fn role(task: &'static str, auto_model: &'static str, processor: &'static str) -> Role {
    Role {
        task,
        auto_model,
        processor: Some(processor),
    }
}

const TOKENIZER: &str = "AutoTokenizer";
const PROCESSOR: &str = "AutoProcessor";
const IMAGES: &str = "AutoImageProcessor";
const SOUND: &str = "AutoFeatureExtractor";

/// Beginnings of audio encoders' class names.
const AUDIO: &str = "Wav2Vec2 Hubert WavLM UniSpeech SEW Data2VecAudio Whisper AST MCTCT ParakeetFor \
    ParakeetEncoder Speech2Text Clap Encodec Dac Mimi";
/// Beginnings of vision encoders' class names.
const VISION: &str = "ViT DeiT Beit Dinov2 DINOv3 Swin ConvNext ResNet RegNet MobileNet MobileViT EfficientNet \
    Hiera Pvt Segformer PoolFormer LeViT Levit Cvt VanModel VAN BitModel BitFor FocalNet Nat \
    Dinat ImageGPT Data2VecVision IJepa TimmWrapper CLIPVision SiglipVision Aimv2Vision";
/// Beginnings of sequence-to-sequence text models' class names.
const SEQ2SEQ: &str = "T5 MT5 UMT5 LongT5 Bart MBart PLBart Pegasus Marian M2M100 NllbMoe LED BigBirdPegasus \
    ProphetNet XLMProphetNet SwitchTransformers Blenderbot FSMT Mvp EncoderDecoder RotoBART \
    XLMRobertaEncoderDecoder Mt0 AutoModelForSeq2SeqLM BartPho ViT5";
/// Models that read images and write text but are not called `…ForConditionalGeneration`, or
/// whose configuration does not show the vision part.
const VISION_LANGUAGE: &str = "Llava LlavaNext Qwen2VL Qwen2_5_VL Qwen3VL Qwen3_5ForConditionalGeneration Qwen3_5MoeForConditionalGeneration PaliGemma Idefics Mllama Mistral3 \
    Gemma3ForConditionalGeneration Pixtral SmolVLM InternVL Aria Chameleon Emu3 AyaVision Fuyu Molmo MiniCPMV Phi3V \
    Glm4v Ovis Janus KimiVL DeepseekVL DeepseekOCR Lfm2Vl Florence2 Kosmos2 Cogvlm CogVLM \
    Bunny Moondream VipLlava InstructBlip Gemma3nForConditionalGeneration \
    Gemma4ForConditionalGeneration Llama4ForConditionalGeneration Kimi_K25 PerceptionLM FastVlm";
/// Text encoders whose bare `…Model` gives features of texts.
const TEXT: &str = "Bert Roberta XLMRoberta DistilBert Albert Electra MPNet Deberta Camembert XLM Flaubert \
    Longformer BigBird Funnel ModernBert NomicBert Xmod Luke GPT2Model GPTNeoModel T5Model \
    T5Encoder MT5 Qwen Mistral New Esm";

/// What an architecture is made for. `vision` and `audio`: whether the configuration has such a
/// part. A sequence-to-sequence text model has the tag `text2text-generation`, which other facts
/// may narrow.
pub(super) fn role_of(architecture: &str, vision: bool, audio: bool) -> Option<Role> {
    let name = architecture
        .strip_prefix("TF")
        .or_else(|| architecture.strip_prefix("Flax"))
        .unwrap_or(architecture);
    let (worded, named): (Vec<_>, Vec<_>) =
        lines().partition(|(pattern, _)| pattern.starts_with('*'));
    let fits = |(pattern, role): &(&str, Role)| matches(pattern, name).then_some(*role);
    if let Some(role) = named.iter().find_map(fits) {
        return Some(role);
    }
    // A part of such a model alone (`PixtralVisionModel`, `AriaTextForCausalLM`) is no such model.
    let alone = is_part(name) || name.ends_with("TextForCausalLM");
    if begins(name, VISION_LANGUAGE) && !alone {
        return Some(role(
            "image-text-to-text",
            "AutoModelForImageTextToText",
            PROCESSOR,
        ));
    }
    if name.starts_with("Videomt") {
        return None; // it segments films, which the pipeline of pictures cannot give it
    }
    worded
        .iter()
        .find_map(fits)
        .or_else(|| by_end(name, vision, audio))
}

/// The lines of the table.
fn lines() -> impl Iterator<Item = (&'static str, Role)> {
    let line = |line: &'static str| {
        let mut words = line.split_whitespace();
        let (pattern, task, auto_model, processor) =
            (words.next()?, words.next()?, words.next()?, words.next()?);
        Some((
            pattern,
            Role {
                task,
                auto_model,
                processor: (processor != "-").then_some(processor),
            },
        ))
    };
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(line)
}

/// Whether a class name fits a pattern of the table.
fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(word), _) => name.contains(word.trim_end_matches('*')),
        (None, Some(start)) => name.starts_with(start) && !is_part(name),
        (None, None) => name == pattern,
    }
}

/// Whether a class is one part of a family's model, which does not do the family's task alone
/// (`Sam2VisionModel`, `VoxtralEncoder`, `WhisperDecoder` of transformers 5.23).
fn is_part(name: &str) -> bool {
    ["Encoder", "Decoder", "VisionModel", "TextModel", "DetModel"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Class names whose end needs the family to be understood.
fn by_end(name: &str, vision: bool, audio: bool) -> Option<Role> {
    let sound = begins(name, AUDIO);
    if name.contains("ForSequenceClassification") {
        let text = role(
            "text-classification",
            "AutoModelForSequenceClassification",
            TOKENIZER,
        );
        return Some(if sound {
            role(
                "audio-classification",
                "AutoModelForAudioClassification",
                SOUND,
            )
        } else {
            text
        });
    }
    if name.contains("ForQuestionAnswering") {
        return Some(role(
            "question-answering",
            "AutoModelForQuestionAnswering",
            TOKENIZER,
        ));
    }
    let writes = name.ends_with("ForCausalLM");
    if !writes && (name.ends_with("ForConditionalGeneration") || begins(name, SEQ2SEQ)) {
        return conditional(name, vision, audio);
    }
    if writes || name.ends_with("LMHeadModel") || name.ends_with("DoubleHeadsModel") {
        return Some(role("text-generation", "AutoModelForCausalLM", TOKENIZER));
    }
    if name.ends_with("ForPreTraining")
        && begins(name, "Bert Albert MegatronBert MobileBert BigBird")
    {
        return Some(role("fill-mask", "AutoModelForMaskedLM", TOKENIZER));
    }
    encoder(name, sound)
}

/// What a model reads that generates text, by a word in its name.
fn reads(name: &str) -> Option<Role> {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["ASR", "Asr"]) {
        return Some(role(
            "automatic-speech-recognition",
            "AutoModelForSpeechSeq2Seq",
            PROCESSOR,
        ));
    }
    if has(&["Transcribe"]) {
        return Some(role(
            "automatic-speech-recognition",
            "AutoModelForMultimodalLM",
            PROCESSOR,
        ));
    }
    if has(&["Omni"]) {
        return Some(role("any-to-any", "AutoModelForMultimodalLM", PROCESSOR));
    }
    let image = has(&["VL", "Vision", "OCR", "Ocr"]);
    image.then(|| {
        role(
            "image-text-to-text",
            "AutoModelForImageTextToText",
            PROCESSOR,
        )
    })
}

/// Models that generate text from something.
fn conditional(name: &str, vision: bool, audio: bool) -> Option<Role> {
    if begins(name, SEQ2SEQ) && !(vision || audio) {
        if matches!(
            name,
            "T5Model"
                | "T5EncoderModel"
                | "MT5EncoderModel"
                | "MT5Model"
                | "UMT5EncoderModel"
                | "UMT5Model"
                | "BartModel"
                | "MBartModel"
        ) {
            return Some(role("feature-extraction", "AutoModel", TOKENIZER));
        }
        return Some(role(
            "text2text-generation",
            "AutoModelForSeq2SeqLM",
            TOKENIZER,
        ));
    }
    if let Some(role) = reads(name) {
        return Some(role);
    }
    match (vision, audio) {
        (true, true) => Some(role("any-to-any", "AutoModelForMultimodalLM", PROCESSOR)),
        (true, false) => Some(role(
            "image-text-to-text",
            "AutoModelForImageTextToText",
            PROCESSOR,
        )),
        (false, true) => Some(role(
            "audio-text-to-text",
            "AutoModelForMultimodalLM",
            PROCESSOR,
        )),
        (false, false) => None,
    }
}

/// Bare encoders give features of what they read.
fn encoder(name: &str, sound: bool) -> Option<Role> {
    let bare = name.ends_with("Model")
        || name.ends_with("Encoder")
        || name.ends_with("ForPreTraining")
        || name.ends_with("TextModelWithProjection");
    if !bare || name.ends_with("DecoderModel") {
        return None;
    }
    if sound {
        return Some(role("feature-extraction", "AutoModel", SOUND));
    }
    if begins(name, VISION) {
        return Some(role("image-feature-extraction", "AutoModel", IMAGES));
    }
    // An encoder alone of a family of text models (`Qwen3ASREncoder`) reads something else.
    let text = (begins(name, TEXT) && !name.ends_with("Encoder"))
        || name.contains("Bert")
        || name.starts_with("DPR")
        || name.starts_with("CLIPText");
    text.then(|| role("feature-extraction", "AutoModel", TOKENIZER))
}

fn begins(name: &str, starts: &str) -> bool {
    starts.split(' ').any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(architecture: &str) -> Option<&'static str> {
        Some(role_of(architecture, false, false)?.task)
    }

    #[test]
    fn class_names_tell_tasks() {
        assert_eq!(task("BertForMaskedLM"), Some("fill-mask"));
        assert_eq!(task("GPT2LMHeadModel"), Some("text-generation"));
        assert_eq!(task("Qwen3ForCausalLM"), Some("text-generation"));
        assert_eq!(
            task("T5ForConditionalGeneration"),
            Some("text2text-generation")
        );
        assert_eq!(task("MarianMTModel"), Some("text2text-generation"));
        assert_eq!(
            task("WhisperForConditionalGeneration"),
            Some("automatic-speech-recognition")
        );
        assert_eq!(
            task("Wav2Vec2ForSequenceClassification"),
            Some("audio-classification")
        );
        assert_eq!(
            task("TFBertForSequenceClassification"),
            Some("text-classification")
        );
        assert_eq!(
            task("Qwen2_5_VLForConditionalGeneration"),
            Some("image-text-to-text")
        );
        assert_eq!(task("ViTModel"), Some("image-feature-extraction"));
        assert_eq!(
            task("OwlViTForObjectDetection"),
            Some("zero-shot-object-detection")
        );
        assert_eq!(
            task("TapasForQuestionAnswering"),
            Some("table-question-answering")
        );
        assert_eq!(task("SomethingElse"), None);
    }

    #[test]
    fn parts_do_not_do_the_task_of_their_family() {
        assert_eq!(task("Sam2Model"), Some("mask-generation"));
        assert_eq!(task("Sam2VisionModel"), None);
        assert_eq!(task("VoxtralEncoder"), None);
        assert_eq!(task("WhisperEncoder"), Some("feature-extraction"));
        assert_eq!(task("Qwen3ASREncoder"), None);
        assert_eq!(task("MimiDecoderModel"), None);
        assert_eq!(task("DPRQuestionEncoder"), Some("feature-extraction"));
        assert_eq!(
            task("SpeechEncoderDecoderModel"),
            Some("automatic-speech-recognition")
        );
        assert_eq!(task("CLIPSegModel"), Some("zero-shot-image-classification"));
        assert_eq!(
            task("CLIPSegForImageSegmentation"),
            Some("image-segmentation")
        );
    }

    #[test]
    fn an_unknown_family_is_told_by_its_parts() {
        let told = |vision, audio| {
            role_of("NewForConditionalGeneration", vision, audio).map(|role| role.task)
        };
        assert_eq!(told(true, false), Some("image-text-to-text"));
        assert_eq!(told(false, true), Some("audio-text-to-text"));
        assert_eq!(told(false, false), None);
    }
}
