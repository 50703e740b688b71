import io
import torch, transformers as tr

tiny = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 10}
keep("bert", tr.BertModel(tr.BertConfig(**tiny)))
keep("llama", tr.LlamaForCausalLM(tr.LlamaConfig(**tiny)))
keep(
    "gpt2",
    tr.GPT2LMHeadModel(tr.GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=10, bos_token_id=0, eos_token_id=1)),
)
keep(
    "vit",
    tr.ViTModel(
        tr.ViTConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, image_size=8, patch_size=4
        )
    ),
)
keep("t5", tr.T5Model(tr.T5Config(d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, vocab_size=10)))
keep("states", [tr.TrainerState(), tr.GenerationConfig(), tr.BertConfig()])
keep("arguments", tr.TrainingArguments(output_dir="out"))
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.train_from_iterator(["a b c"], trainers.BpeTrainer())
keep("tokenizer", tokenizer)
keep("fast", tr.PreTrainedTokenizerFast(tokenizer_object=tokenizer))
