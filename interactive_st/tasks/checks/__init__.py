"""Catches wrong options and data early, before fairseq fails obscurely or gives wrong scores.

Where the task has them checked, in the order in which fairseq calls it:

    setup_task          data_folder, decoding_options (overrides, unused_options)
    build_model         model_options (architecture, overrides), best_checkpoint, training_options
    build_criterion     training_options (data_parallel, unused_options), criterion
    load_dataset        datasets, data_parallel
    get_batch_iterator  batches
    build_generator     generation_options
"""
