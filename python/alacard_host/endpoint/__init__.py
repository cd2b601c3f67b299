"""A small server on the OpenAI wire format over twins, so that endpoint lessons run unmodified.

Which variables make a lesson talk to this server (PORT is in ``ready.json``, ID is the model's id):

==================  ==========================================================================
lesson              variables
==================  ==========================================================================
endpoint-chat       OPENAI_BASE_URL=http://127.0.0.1:PORT/v1, OPENAI_API_KEY=any text
endpoint-text       the same
endpoint-embeddings the same
endpoint-image      the same
endpoint-speech     the same
endpoint-task       INFERENCE_URL=http://127.0.0.1:PORT/hf-inference/models/ID, HF_TOKEN=any text
==================  ==========================================================================

OPENAI_MODEL may stay unset: the lesson then asks for the model by its own id. HF_TOKEN alone sends
``InferenceClient`` to the Hub's router, whose address no variable of huggingface_hub moves; inside
a proof ALACARD_INFERENCE_ROUTER=http://127.0.0.1:PORT does that (see ``hub_constants``), the token
must then begin with ``hf_``.
"""
